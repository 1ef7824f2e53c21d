/** `vctl health`: what agents say of themselves, and when the platform last heard from them. */
import type { Command } from 'commander'
import { type AgentHealth, healthStatus, readHealth } from '../health.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { addSelectionOptions, readAgents, type SelectionOptions, selectOne } from './agents/selection.ts'

type Row = readonly [identity: string, health: AgentHealth]

export function addHealthCommand(program: Command, shell: Shell): void {
  const health = program
    .command('health [agent]')
    .description('health of one agent as JSON, or of all as a table')
    .addHelpText('after', '\nExamples:\n  vctl health\n  vctl health listener')
  addSelectionOptions(health).action(async (agent: string | undefined, options: SelectionOptions, command: Command) => {
    const invocation = new Invocation(shell, command)
    if (agent === undefined) return await showAll(invocation)
    const found = await invocation.withPlatform((platform) => healthOf(platform, agent, options))
    invocation.show(found.health ?? {}, () =>
      found.health ? JSON.stringify(found.health, null, 4) : `No health associated with ${printable(found.identity)}`,
    )
  })
}

async function showAll(invocation: Invocation): Promise<void> {
  const health = await invocation.withPlatform(readHealth)
  const rows = Object.entries(health).sort(([one], [other]) => (one < other ? -1 : 1))
  invocation.show(health, () =>
    renderTable<Row>(rows, COLUMNS, { terminal: invocation.terminal, empty: 'no agent is known' }),
  )
}

/** By identity, else as other commands mean an installed agent. */
async function healthOf(
  platform: PlatformConnection,
  agent: string,
  options: SelectionOptions,
): Promise<{ readonly identity: string; readonly health: AgentHealth | undefined }> {
  const health = await readHealth(platform)
  if (Object.hasOwn(health, agent)) return { identity: agent, health: health[agent] }
  const { identity } = selectOne(await readAgents(platform), agent, options)
  return { identity, health: health[identity] }
}

/** Without fractions of a second: `2026-11-23 02:14:37`, in UTC as it is told. */
const moment = (text: unknown): unknown =>
  typeof text === 'string' ? text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$/, '$1 $2') : text

const COLUMNS: Column<Row>[] = [
  { heading: 'IDENTITY', cell: ([identity]) => identity },
  { heading: 'STATUS', cell: ([, health]) => healthStatus(health) },
  { heading: 'CONNECTED', cell: ([, health]) => moment(health.connected) },
  { heading: 'LAST HEARTBEAT', cell: ([, health]) => moment(health.last_heartbeat) },
]
