/** `vctl status`, or `vctl list`: the installed agents. Its first columns are those of Python's `vctl`, ours come behind. */
import type { AgentRow } from '@volttron/contracts'
import { type Command, InvalidArgumentError } from 'commander'
import { type AgentHealth, healthStatus } from '../../health.ts'
import { Invocation, type Shell } from '../../invocation.ts'
import { formatSeconds } from '../../output/quantity.ts'
import { type Column, renderTable } from '../../output/table.ts'
import { withInstalledAgents } from './installed-agents.ts'
import { addSelectionOptions, agentsOf, type SelectionOptions, select } from './selection.ts'

interface StatusRow {
  readonly agent: AgentRow
  readonly health: AgentHealth | undefined
}

export function addStatusCommand(program: Command, shell: Shell): void {
  const status = program
    .command('status [pattern...]')
    .alias('list')
    .description('installed agents: which run, how they are, and what they use')
    .option('-n <length>', 'show at least so many characters of the UUID (0: all)', parseLength, 1)
    .addHelpText('after', '\nExamples:\n  vctl status\n  vctl status --json | jq ".[] | select(.restarts > 0)"')
  addSelectionOptions(status).action(
    async (patterns: string[], options: SelectionOptions & { n: number }, command: Command) => {
      const invocation = new Invocation(shell, command)
      const { agents, health } = await withInstalledAgents(invocation, async (installed) => ({
        agents: installed.agents,
        health: await installed.health(),
      }))
      const isAll = patterns.length === 0 && !options.allTagged
      const matches = select(agents, patterns, options)
      for (const { pattern, agents: meant } of matches) {
        if (meant.length === 0) invocation.terminal.note(`agent not found: ${pattern}`)
      }
      const rows = (isAll ? [...agents] : agentsOf(matches))
        .sort((one, other) => (`${one.name} ${one.identity}` < `${other.name} ${other.identity}` ? -1 : 1))
        .map((agent) => ({ agent, health: health[agent.identity] }))
      invocation.show(Object.fromEntries(rows.map((row) => [row.agent.identity, documentOf(row)])), () =>
        renderTable<StatusRow>(rows, columns(uuidLength(agents, options.n)), {
          terminal: invocation.terminal,
          empty: 'No installed Agents found',
        }),
      )
    },
  )
}

/** Fields of Python's `vctl status --json` first. */
function documentOf({ agent, health }: StatusRow): object {
  const { uuid, name, identity, tag, status, ...rest } = agent
  return {
    agent_uuid: uuid,
    name,
    identity,
    agent_tag: tag ?? '',
    status: pythonStatus(agent),
    health: health ?? '',
    state: status,
    ...rest,
  }
}

/** `running [pid]`, or how it ended; empty when it was not started. */
function pythonStatus({ status, pid, exit_code }: AgentRow): string {
  if (exit_code !== null) return String(exit_code)
  if (pid !== null) return `running [${pid}]`
  return status === 'starting' ? 'starting' : ''
}

/** What the platform makes of it. */
function stateText({ status, restart_in_s, restarts }: AgentRow): string {
  if (status === 'restarting') return `restarts in ${formatSeconds(restart_in_s ?? 0)}`
  if (status === 'crashed') return `given up after ${restarts} restarts`
  return status
}

const columns = (uuidCharacters: number): Column<StatusRow>[] => [
  { heading: 'UUID', cell: ({ agent }) => agent.uuid.slice(0, uuidCharacters) },
  { heading: 'AGENT', cell: ({ agent }) => agent.name },
  { heading: 'IDENTITY', cell: ({ agent }) => agent.identity, isTitle: true },
  { heading: 'TAG', cell: ({ agent }) => agent.tag ?? '' },
  { heading: 'PRIORITY', cell: ({ agent }) => agent.priority ?? '' },
  { heading: 'STATUS', cell: ({ agent }) => pythonStatus(agent) },
  { heading: 'HEALTH', cell: ({ health }) => (health && healthStatus(health)) ?? '' },
  { heading: 'STATE', cell: ({ agent }) => stateText(agent) },
  { heading: 'RESTARTS', cell: ({ agent }) => agent.restarts, right: true },
  { heading: 'CPU %', cell: ({ agent }) => agent.cpu_percent, right: true },
  { heading: 'MEMORY MB', cell: ({ agent }) => agent.memory_mb, right: true },
  {
    heading: 'UP FOR',
    cell: ({ agent }) => (agent.uptime_s === null ? null : formatSeconds(agent.uptime_s)),
    right: true,
  },
]

const UUID_CHARACTERS = 36

/** As many characters as tell the agents apart. */
function uuidLength(agents: readonly AgentRow[], atLeast: number): number {
  if (atLeast === 0) return UUID_CHARACTERS
  const uuids = agents.map(({ uuid }) => uuid).sort()
  const common = uuids.slice(1).map((uuid, index) => commonStart(uuid, uuids[index]!))
  return Math.max(atLeast, 1 + Math.max(0, ...common))
}

function commonStart(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length++
  return length
}

function parseLength(text: string): number {
  if (/^[0-9]{1,2}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}
