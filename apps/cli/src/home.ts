/** Where the platform lives: `VOLTTRON_HOME`, and whether the process it belongs to is alive. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { VolttronError } from '@volttron/vip'
import { isAlive } from './process-alive.ts'

/** `--home`, else `VOLTTRON_HOME`, else `~/.volttron`; always absolute. */
export const homeFolder = (option: string | undefined, environment: NodeJS.ProcessEnv): string =>
  resolve(option ?? (environment.VOLTTRON_HOME || join(homedir(), '.volttron')))

/** @throws VolttronError `unavailable` unless the process named by `VOLTTRON_PID` is alive */
export function requireRunningPlatform(home: string): void {
  if (isPlatformRunning(home)) return
  throw new VolttronError('unavailable', `no platform is running in VOLTTRON_HOME ${home}`, {
    hint: 'start it with: volttron, or name another folder with --home or VOLTTRON_HOME',
  })
}

/** True when `VOLTTRON_PID` names a live process. The daemon writes the file when it is ready and removes it at its end. */
export function isPlatformRunning(home: string): boolean {
  const pid = readPid(join(home, 'VOLTTRON_PID'))
  return pid !== undefined && isAlive(pid)
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim())
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
