import { describeError, type PublicKey, VolttronError } from '@volttron/vip'
import { dial } from './dial.ts'
import { generateKeyPair } from './key-pair.ts'

const SELF_TEST_MS = 10_000

/**
 * Knocks on a door that must refuse everybody, with a key nobody knows.
 *
 * @throws VolttronError `internal` unless the stranger is told that he is refused
 */
export async function refuseStranger(path: string, serverKey: PublicKey): Promise<void> {
  let outcome: string
  try {
    const keys = generateKeyPair()
    const connection = await dial({ address: { scheme: 'ipc', path }, serverKey, keys, timeoutMs: SELF_TEST_MS })
    connection.close('self-test')
    outcome = 'a stranger was let in'
  } catch (error) {
    if (error instanceof VolttronError && error.code === 'denied') return
    outcome = describeError(error)
  }
  throw new VolttronError('internal', `the front door failed its self-test: ${outcome}`, {
    hint: 'do not run this build: it cannot tell friends from strangers',
  })
}
