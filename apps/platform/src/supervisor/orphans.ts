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
import { groupMembers, isOfThisBoot, processMark } from './process-facts.ts'

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
 * Ends what an earlier run of the platform has left running, with all it has started; that too whose leader has ended.
 *
 * @param parent the folder with the folders in which processes are recorded; none when it is not there
 * @param graceMs time to end by itself, before it is killed
 * @param told what the environment of a process says that belongs to the folder of this name
 * @returns names of the folders whose processes ran: identities of agents
 */
export async function endOrphans(parent: string, graceMs: number, told: (name: string) => string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch((error) => {
    if (errorCode(error) === 'ENOENT') return []
    throw fileError(`cannot read ${parent}`, error)
  })
  const ended = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory()) return []
      const folder = join(parent, entry.name)
      const found = await readRecord(join(folder, AgentFile.process))
      const isThere = found && watch(found, told(entry.name))
      const isOurs = isThere?.() === true
      if (isOurs) await endGroup(found!.pid, isThere!, graceMs)
      forgetProcess(folder)
      return isOurs ? [entry.name] : []
    }),
  )
  return ended.flat()
}

interface ProcessRecord {
  readonly pid: number
  readonly mark: string
}

async function readRecord(path: string): Promise<ProcessRecord | undefined> {
  const value = parseJson(await readFile(path, 'utf8').catch(() => ''))
  const { pid, mark } = Object(value) as { pid?: unknown; mark?: unknown }
  if (!Number.isSafeInteger(pid) || (pid as number) <= 1 || typeof mark !== 'string' || mark === '') return undefined
  return { pid: pid as number, mark }
}

/** @returns what says whether the process, or anything of its group, is still there */
function watch({ pid, mark }: ProcessRecord, told: string): () => boolean {
  return () => {
    const present = processMark(pid)
    if (present !== undefined) return present === mark
    // As long as there is a group of this number, no other process gets it; who it belongs to it says itself.
    return isOfThisBoot(mark) && groupMembers(pid, told).length > 0
  }
}

async function endGroup(pid: number, isThere: () => boolean, graceMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] satisfies StopSignal[]) {
    if (!isThere()) return
    signalGroup(pid, signal)
    for (let waitedMs = 0; waitedMs < graceMs && isThere(); waitedMs += LOOK_AGAIN_MS) await delay(LOOK_AGAIN_MS)
  }
}
