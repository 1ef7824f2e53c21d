/** A process that opens a home and says so: `ready`, or the error. Ends when its input ends. */
import { describeError, VolttronError } from '@volttron/vip'
import { openHome } from '../../src/home/home.ts'

try {
  const home = await openHome(process.argv[2]!)
  await home.announceReady()
  process.stdout.write('ready\n')
  for await (const _ of process.stdin); // until the other side closes it
  await home.close()
} catch (error) {
  process.stdout.write(`${describeError(error)}\n`)
  process.exitCode = error instanceof VolttronError ? error.exitCode : 1
}
