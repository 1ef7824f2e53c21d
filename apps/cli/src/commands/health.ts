/** `vctl health`: what agents say of themselves, and when the platform last heard from them. */
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { type AgentHealth, healthStatus, readHealth } from '../health.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'
import type { PlatformConnection } from '../platform-connection.ts'

type Row = readonly [identity: string, health: AgentHealth]

export function addHealthCommand(program: Command, shell: Shell): void {
  program
    .command('health [agent]')
    .description('health of one agent as JSON, or of all as a table')
    .addHelpText('after', '\nExamples:\n  vctl health\n  vctl health listener')
    .action(async (agent: string | undefined, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (agent === undefined) return await showAll(invocation)
      const found = await invocation.withPlatform((platform) => healthOf(platform, agent))
      invocation.show(found.health ?? {}, () =>
        found.health ? JSON.stringify(found.health, null, 4) : `No health associated with ${printable(found.identity)}`,
      )
    })
}

async function showAll(invocation: Invocation): Promise<void> {
  const { isTerminal, paint } = invocation.terminal
  const health = await invocation.withPlatform(readHealth)
  const rows = Object.entries(health).sort(([one], [other]) => (one < other ? -1 : 1))
  invocation.show(health, () =>
    renderTable<Row>(rows, COLUMNS, { terminal: isTerminal, paint, empty: 'no agent is known' }),
  )
}

interface InstalledAgent {
  readonly uuid: string
  readonly name: string
  readonly identity: string
}

/** By identity, else as Python does it: by UUID (or how it begins) or name of an installed agent. */
async function healthOf(
  platform: PlatformConnection,
  agent: string,
): Promise<{ readonly identity: string; readonly health: AgentHealth | undefined }> {
  const health = await readHealth(platform)
  if (Object.hasOwn(health, agent)) return { identity: agent, health: health[agent] }
  const installed = (await platform.call(ReservedIdentity.control, 'list_agents')) as readonly InstalledAgent[]
  const found = installed.filter(
    ({ uuid, name, identity }) => identity === agent || name === agent || uuid.startsWith(agent),
  )
  const [first] = found
  if (found.length === 1 && first) return { identity: first.identity, health: health[first.identity] }
  throw first
    ? new VolttronError('usage', `'${printable(agent)}' means ${found.length} agents`, {
        hint: `name one of: ${found.map(({ identity }) => identity).join(', ')}`,
      })
    : new VolttronError('not-found', `no agent '${printable(agent)}'`, { hint: 'vctl health shows all of them' })
}

const COLUMNS: Column<Row>[] = [
  { heading: 'IDENTITY', cell: ([identity]) => identity },
  { heading: 'STATUS', cell: ([, health]) => healthStatus(health) },
  { heading: 'CONNECTED', cell: ([, health]) => health.connected },
  { heading: 'LAST HEARTBEAT', cell: ([, health]) => health.last_heartbeat },
]
