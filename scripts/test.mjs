// `npm test`: sets up what is missing, then runs the tests of every workspace. Arguments go to Turborepo, for example
// `npm test -- --filter=@volttron/topics`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const setup = spawnSync(process.execPath, [fileURLToPath(new URL('./setup.mjs', import.meta.url))], {
  stdio: 'inherit',
})
if (setup.status !== 0) process.exit(setup.status ?? 1)

const { spawnTurbo } = await import('./turbo.mjs')
const tests = spawnTurbo(['run', 'test', '--continue', '--concurrency=2', ...process.argv.slice(2)])
tests.on('close', (code) => process.exit(code ?? 1))
