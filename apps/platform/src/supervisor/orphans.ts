/**
 * Agents that outlived their platform: it was killed, so nobody stopped them. Each running agent has a file `PROCESS` with
 * the number of its process and a mark that no other process can have, so that a number used again is never killed.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileError } from '@volttron/auth'
import { parseJson } from '@volttron/vip'
import { AgentFile } from './agent-folder.ts'
import type { StopSignal } from './agent-machine.ts'
import { signalGroup } from './agent-process.ts'
import { processMark } from './process-facts.ts'

const LOOK_AGAIN_MS = 20

/** Written at once, before anything else may happen. @throws VolttronError `system` */
export function recordProcess(agentFolder: string, pid: number): void {
  const path = join(agentFolder, AgentFile.process)
  try {
    writeFileSync(path, `${JSON.stringify({ pid, mark: processMark(pid) ?? '' })}\n`, { mode: 0o600 })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}

/** Never throws: the mark of a process that is gone means nothing. */
export function forgetProcess(agentFolder: string): void {
  try {
    rmSync(join(agentFolder, AgentFile.process), { force: true })
  } catch {
    // the disk takes no changes
  }
}

/**
 * Ends what an earlier run of the platform has left running.
 *
 * @param graceMs time to end by itself, before it is killed
 * @returns identities of the agents that ran
 */
export async function endOrphans(agentsFolder: string, graceMs: number): Promise<string[]> {
  const entries = await readdir(agentsFolder, { withFileTypes: true })
  const ended = await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isDirectory()) return []
      const folder = join(agentsFolder, entry.name)
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
    if (!isThere()) return
    signalGroup(pid, signal)
    for (let waitedMs = 0; waitedMs < graceMs && isThere(); waitedMs += LOOK_AGAIN_MS) await delay(LOOK_AGAIN_MS)
  }
}
