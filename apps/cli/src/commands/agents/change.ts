/** Does something to every agent that is meant, and says so: one line each, or one array under `--json`. */
import type { AgentRow } from '@volttron/contracts'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../../invocation.ts'
import { printable } from '../../output/printable.ts'
import type { PlatformConnection } from '../../platform-connection.ts'
import { agentsOf, type Match, readAgents, type SelectionOptions, selectSome } from './selection.ts'

export interface Change {
  /** `Starting`, as the line says it. */
  readonly doing: string
  /** Behind the name, if anything. */
  readonly how?: string
  /** What `--json` tells beside uuid, name and identity. */
  readonly result: object
  /** Passed over in silence: nothing is to be done. */
  readonly isDone?: (agent: AgentRow) => boolean
  /** Looks at what is meant before anything is done. @throws VolttronError to refuse */
  readonly check?: (matches: readonly Match[]) => void
  readonly perform: (platform: PlatformConnection, agent: AgentRow) => Promise<unknown>
}

/** Default of `--timeout`: an agent may take its time to stop. */
const TIMEOUT_MS = 120_000

export async function changeAgents(
  shell: Shell,
  command: Command,
  patterns: readonly string[],
  change: Change,
): Promise<void> {
  const invocation = new Invocation(shell, command)
  const platform = await invocation.connect(invocation.givenTimeoutMs ?? TIMEOUT_MS)
  try {
    const matches = selectSome(await readAgents(platform), patterns, command.opts<SelectionOptions>())
    change.check?.(matches)
    const agents = agentsOf(matches).filter((agent) => !change.isDone?.(agent))
    for (const agent of agents) {
      const line = [change.doing, agent.uuid, printable(agent.name), change.how]
      if (!invocation.json) invocation.terminal.print(line.filter(Boolean).join(' '))
      await change.perform(platform, agent)
    }
    const rows = agents.map(({ uuid, name, identity }) => ({ uuid, name, identity, ...change.result }))
    if (invocation.json) invocation.show(rows, () => '')
  } finally {
    await platform.close()
  }
}
