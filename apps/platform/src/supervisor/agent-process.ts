/** One process of an agent: started as the leader of a group of its own, its output straight into a file. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { errorCode, fileError } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import type { StopSignal } from './agent-machine.ts'
import type { StartedProcess } from './supervisor.ts'

export interface ProcessPlan {
  readonly command: string
  readonly args: readonly string[]
  readonly workingFolder: string
  readonly environment: Readonly<Record<string, string>>
  /** What it prints is appended here. */
  readonly logFile: string
  /** Another user it runs as. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** Processes there are. Should this one end before it has stopped them, they are told to end as well. */
const alive = new Set<number>()
const endAll = () => {
  for (const pid of alive) signalGroup(pid, 'SIGTERM')
}

/**
 * The output goes to the file without passing through this process: an agent that prints much costs the bus nothing, and one
 * that outlives a killed platform does not stumble over a broken pipe.
 *
 * @throws VolttronError `system` when it cannot be started
 */
export async function startProcess(plan: ProcessPlan): Promise<StartedProcess> {
  const log = openLog(plan.logFile)
  try {
    const child = spawn(plan.command, plan.args, {
      cwd: plan.workingFolder,
      env: plan.environment,
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C at the platform does not reach it, and a signal reaches all it has started.
      detached: true,
      ...plan.user,
    })
    const ended = new Promise<number>((resolve) =>
      child.once('exit', (code, signal) => resolve(exitCode(code, signal))),
    )
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    const pid = child.pid!
    if (alive.size === 0) process.once('exit', endAll)
    alive.add(pid)
    void ended.then(() => {
      alive.delete(pid)
      if (alive.size === 0) process.off('exit', endAll)
    })
    child.on('error', () => {}) // a signal that could not be sent: the process is gone, and `exit` says so
    return { pid, ended }
  } catch (error) {
    throw new VolttronError('system', `cannot start ${plan.command}: ${reasonOf(error, plan)}`, { cause: error })
  } finally {
    closeSync(log)
  }
}

/** Sends a signal to a process and to everything it has started. Never throws: it may be gone. */
export function signalGroup(pid: number, signal: StopSignal): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // gone
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    throw fileError(`cannot write the log file ${path}`, error)
  }
}

function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? -(signal === null ? 0 : constants.signals[signal])
}

function reasonOf(error: unknown, { user }: ProcessPlan): string {
  const code = errorCode(error)
  if (code === 'ENOENT') return 'it is not there'
  if (code === 'EACCES') return user ? 'the user of the agents may not execute it' : 'it may not be executed'
  if (code === 'EPERM' && user) return 'only root may run a process as another user'
  return error instanceof Error ? error.message : String(error)
}
