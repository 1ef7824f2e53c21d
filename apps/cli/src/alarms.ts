/** What an operator should look at now: agents that have crashed or say they are ill, platforms and a registry that are away. */
import type { AgentRow, FederationReport } from '@volttron/contracts'
import { VolttronError } from '@volttron/vip'
import { readAgents } from './commands/agents/selection.ts'
import { federationReport } from './conditions.ts'
import { type AgentHealth, healthContext, healthStatus, readHealth } from './health.ts'
import { formatSeconds } from './output/quantity.ts'
import type { PlatformConnection } from './platform-connection.ts'

export interface Alarm {
  readonly source: 'agent' | 'platform' | 'registry'
  readonly name: string
  readonly reason: string
}

/** Everything that is wrong, from the services of the platform. */
export async function currentAlarms(platform: PlatformConnection): Promise<Alarm[]> {
  const [federation, health, agents] = await Promise.all([
    federationReport(platform),
    readHealth(platform),
    readAgents(platform),
  ])
  return [...federationAlarms(federation), ...crashAlarms(agents), ...healthAlarms(health)]
}

function federationAlarms({ registry, platforms }: FederationReport): Alarm[] {
  const away = platforms
    .filter((row) => !row.connected)
    .map((row): Alarm => ({ source: 'platform', name: row.platform, reason: row.reason ?? row.status }))
  if (registry === null || registry.status === 'registered') return away
  return [...away, { source: 'registry', name: registry.url, reason: registry.reason ?? registry.status }]
}

const crashAlarms = (agents: readonly AgentRow[]): Alarm[] =>
  agents.flatMap((agent): Alarm[] => {
    const reason = crashReason(agent)
    return reason === undefined ? [] : [{ source: 'agent', name: agent.identity, reason }]
  })

function crashReason({ status, restarts, restart_in_s, exit_code }: AgentRow): string | undefined {
  if (status === 'crashed') return `it crashed, and was given up after ${restarts} restarts`
  if (status !== 'restarting') return undefined
  const code = exit_code === null ? '' : ` with exit code ${exit_code}`
  return `it crashed${code}, and is started again${restart_in_s === null ? '' : ` in ${formatSeconds(restart_in_s)}`}`
}

const healthAlarms = (health: Readonly<Record<string, AgentHealth>>): Alarm[] =>
  Object.entries(health).flatMap(([name, agent]): Alarm[] =>
    healthStatus(agent) === 'BAD'
      ? [{ source: 'agent', name, reason: healthContext(agent) ?? 'its health is BAD' }]
      : [],
  )

/** @throws VolttronError `unavailable` naming the first alarm and how many there are */
export function refuseAlarms(alarms: readonly Alarm[]): void {
  const [first] = alarms
  if (!first) return
  const more = alarms.length === 1 ? '' : ` (and ${alarms.length - 1} more)`
  throw new VolttronError('unavailable', `${first.source} ${first.name}: ${first.reason}${more}`, {
    hint:
      first.source === 'agent'
        ? 'vctl status and vctl health show all agents'
        : 'vctl federation status shows all platforms',
  })
}
