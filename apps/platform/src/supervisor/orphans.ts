/**
 * Processes that outlived their platform: it was killed, so nobody stopped them. Each agent that runs, and each installation
 * that runs a tool, has a file `PROCESS` with the number of its process and a mark that no other process can have, so that a
 * number used again is never killed.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, fileError } from '@volttron/auth'
import { parseJson } from '@volttron/vip'
import { AgentFile } from './agent-folder.ts'
import type { StopSignal } from './agent-machine.ts'
import { signalGroup } from './agent-process.ts'
import { processMark } from './process-facts.ts'

const LOOK_AGAIN_MS = 20

/** Written at once, before anything else may happen. @throws VolttronError `system` */
export function recordProcess(folder: string, pid: number): void {
  const path = join(folder, AgentFile.process)
  try {
    writeFileSync(path, `${JSON.stringify({ pid, mark: processMark(pid) ?? '' })}\n`, { mode: 0o600 })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}

/** Never throws: the mark of a process that is gone means nothing. */
export function forgetProcess(folder: string): void {
  try {
    rmSync(join(folder, AgentFile.process), { force: true })
  } catch {
    // the disk takes no changes
  }
}

/**
 * Ends what an earlier run of the platform has left running.
 *
 * @param parent the folder with the folders in which processes are recorded; none when it is not there
 * @param graceMs time to end by itself, before it is killed
 * @returns names of the folders whose processes ran: identities of agents
 */
export async function endOrphans(parent: string, graceMs: number): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((error) => {
    if (errorCode(error) === 'ENOENT') return []
    throw fileError(`cannot read ${parent}`, error)
  })
  const ended = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory()) return []
      const folder = join(parent, entry.name)
      const found = await readRecord(join(folder, AgentFile.process))
      const isOurs = found !== undefined && found.mark !== '' && processMark(found.pid) === found.mark
      if (isOurs) await endProcess(found.pid, found.mark, graceMs)
      forgetProcess(folder)
      return isOurs ? [entry.name] : []
    }),
  )
  return ended.flat()
}

async function readRecord(path: string): Promise<{ pid: number; mark: string } | undefined> {
  const value = parseJson(await readFile(path, 'utf8').catch(() => ''))
  const { pid, mark } = Object(value) as { pid?: unknown; mark?: unknown }
  if (!Number.isSafeInteger(pid) || (pid as number) <= 1 || typeof mark !== 'string') return undefined
  return { pid: pid as number, mark }
}

async function endProcess(pid: number, mark: string, graceMs: number): Promise<void> {
  const isThere = () => processMark(pid) === mark
  for (const signal of ['SIGTERM', 'SIGKILL'] satisfies StopSignal[]) {
    // The second one goes to all of the group, should the first have ended but its leader.
    signalGroup(pid, signal)
    for (let waitedMs = 0; waitedMs < graceMs && isThere(); waitedMs += LOOK_AGAIN_MS) await delay(LOOK_AGAIN_MS)
  }
}
