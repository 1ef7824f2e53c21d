/**
 * The installed agents: the platform tells them while it runs; when it does not, its home does (VIP specification, section
 * 7.6). So they can be listed and tagged at any time, as with Python's `vctl`.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import type { AgentRow } from '@volttron/contracts'
import { identityProblem, ReservedIdentity } from '@volttron/vip'
import { type AgentHealth, readHealth } from '../../health.ts'
import { isPlatformRunning } from '../../home.ts'
import type { Invocation } from '../../invocation.ts'
import { readAgents } from './selection.ts'

export interface InstalledAgents {
  readonly agents: readonly AgentRow[]
  /** By identity; empty when nobody knows. */
  health(): Promise<Readonly<Record<string, AgentHealth>>>
  /** @param tag `null` takes it away */
  tag(agent: AgentRow, tag: string | null): Promise<unknown>
}

const FILE_MODE = 0o600

/** @throws VolttronError `unavailable` when there is neither a platform nor a home with agents */
export async function withInstalledAgents<T>(
  invocation: Invocation,
  work: (installed: InstalledAgents) => Promise<T>,
): Promise<T> {
  const { home, address } = invocation
  const rows = address === undefined && !isPlatformRunning(home) ? rowsIn(home) : undefined
  if (rows) {
    invocation.terminal.note('the platform does not run; this is what its files say')
    return await work({
      agents: rows,
      health: async () => ({}),
      tag: ({ identity }, tag) => writeTag(join(home, 'agents', identity, 'TAG'), tag),
    })
  }
  return await invocation.withPlatform(async (platform) =>
    work({
      agents: await readAgents(platform),
      // Agents are shown all the same when nobody knows how they are.
      health: () => readHealth(platform).catch(() => ({})),
      tag: ({ uuid }, tag) => platform.call(ReservedIdentity.control, 'tag_agent', [uuid, tag]),
    }),
  )
}

/** `undefined` when there is no folder of agents. */
function rowsIn(home: string): readonly AgentRow[] | undefined {
  const folder = join(home, 'agents')
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    const identities = entries.filter((entry) => entry.isDirectory() && identityProblem(entry.name) === undefined)
    return identities.flatMap(({ name }) => rowOf(folder, name) ?? [])
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw fileError(`cannot read ${folder}`, error)
  }
}

function rowOf(folder: string, identity: string): AgentRow | undefined {
  const line = (file: string) => firstLine(join(folder, identity, file))
  const uuid = line('UUID')
  if (uuid === undefined) return undefined
  const name = line('NAME') ?? identity
  return {
    identity,
    uuid,
    name,
    version: name.slice(name.lastIndexOf('-') + 1),
    kind: null,
    tag: line('TAG') ?? null,
    priority: line('AUTOSTART') ?? null,
    status: 'stopped',
    pid: null,
    exit_code: null,
    restarts: 0,
    uptime_s: null,
    restart_in_s: null,
    cpu_percent: null,
    memory_mb: null,
    log: `agents/${identity}.log`,
  }
}

/** `undefined` when there is no such file, or nothing in it. */
function firstLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0]?.trim() || undefined
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function writeTag(path: string, tag: string | null): Promise<void> {
  try {
    if (tag === null) rmSync(path, { force: true })
    else await replaceFile(path, tag, { mode: FILE_MODE })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}
