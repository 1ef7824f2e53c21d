// Runs Turborepo from node_modules: no telemetry, no notice of newer versions, no need for npx or a shell.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Starts `turbo` with these arguments in the repository's root; `stdio` as in `spawn`. */
export function spawnTurbo(args, stdio = 'inherit') {
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('../node_modules/turbo/bin/turbo', import.meta.url)), ...args],
    {
      cwd: root,
      stdio,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    },
  )
}
