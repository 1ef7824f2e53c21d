/** What an operator should look at now: agents that say they are ill, platforms and a registry that are away. */
import type { FederationReport } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import { federationReport } from './conditions.ts'
import type { PlatformConnection } from './platform-connection.ts'

export interface Alarm {
  readonly source: 'agent' | 'platform' | 'registry'
  readonly name: string
  readonly reason: string
}

/** Health of one agent as `platform.health` tells it; heartbeats of old agents carry an object. */
interface Health {
  readonly message?: unknown
}

/** Everything that is wrong, from the services of the platform. */
export async function currentAlarms(platform: PlatformConnection): Promise<Alarm[]> {
  const [federation, health] = await Promise.all([
    federationReport(platform),
    platform.call(ReservedIdentity.health, 'get_platform_health') as Promise<Readonly<Record<string, Health>>>,
  ])
  return [...federationAlarms(federation), ...healthAlarms(health)]
}

function federationAlarms({ registry, platforms }: FederationReport): Alarm[] {
  const away = platforms
    .filter((row) => !row.connected)
    .map((row): Alarm => ({ source: 'platform', name: row.platform, reason: row.reason ?? row.status }))
  if (registry === null || registry.status === 'registered') return away
  return [...away, { source: 'registry', name: registry.url, reason: registry.reason ?? registry.status }]
}

const healthAlarms = (health: Readonly<Record<string, Health>>): Alarm[] =>
  Object.entries(health ?? {}).flatMap(([name, { message }]): Alarm[] => {
    const { status, context } = statusOf(message)
    return status === 'BAD' ? [{ source: 'agent', name, reason: context ?? 'its health is BAD' }] : []
  })

function statusOf(message: unknown): { readonly status: unknown; readonly context?: string } {
  if (typeof message !== 'object' || message === null) return { status: message }
  const { status, context } = message as { status?: unknown; context?: unknown }
  return { status, ...(context ? { context: typeof context === 'string' ? context : JSON.stringify(context) } : {}) }
}

/** @throws VolttronError `unavailable` naming the first alarm and how many there are */
export function refuseAlarms(alarms: readonly Alarm[]): void {
  const [first] = alarms
  if (!first) return
  const more = alarms.length === 1 ? '' : ` (and ${alarms.length - 1} more)`
  throw new VolttronError('unavailable', `${first.source} ${first.name}: ${first.reason}${more}`, {
    hint: first.source === 'agent' ? 'vctl health shows all agents' : 'vctl federation status shows all platforms',
  })
}
