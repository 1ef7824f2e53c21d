/**
 * `platform.health` (VIP specification, section 4.11): who is on the bus since when, and the last heartbeat of each. The
 * operator's command lines are left out: they come and go.
 */
import { isReservedIdentity, parseJson, ReservedIdentity } from '@volttron/vip'
import { principalOf } from '../router/principal.ts'
import type { HeardMessage, ServicePeer } from '../router/service-peer.ts'
import type { ServiceMethods } from './service-methods.ts'
import { isoTimestamp } from './timestamp.ts'

export interface HealthPorts {
  readonly service: Pick<ServicePeer, 'subscribe' | 'watchPeers'>
  /** Who is on the bus already. */
  readonly identities: Iterable<string>
  /** Wall clock. */
  readonly unixMs: () => number
}

/** As Python tells it; without a heartbeat its two members are missing. */
export interface AgentHealth {
  readonly peer: string
  readonly service_agent: boolean
  readonly connected: string
  readonly last_heartbeat?: string
  /** `GOOD`, `BAD`, `STARTING`, `UNKNOWN`, or whatever the agent has published. */
  readonly message?: unknown
}

const HEARTBEATS = 'heartbeat'
/** A status is a word, or a word and why it is so; more than that is not kept in memory. */
const MAX_STATUS_LENGTH = 4_096

export function exportHealthService(methods: ServiceMethods, ports: HealthPorts): void {
  const { service, unixMs } = ports
  const health = new Map<string, AgentHealth>()

  const add = (peer: string) => {
    if (principalOf(peer) === ReservedIdentity.controlConnection) return
    health.set(peer, { peer, service_agent: isReservedIdentity(peer), connected: isoTimestamp(unixMs()) })
  }
  const beat = ({ sender, bodyText }: HeardMessage) => {
    const known = health.get(sender)
    if (!known || bodyText === undefined || bodyText.length > MAX_STATUS_LENGTH) return
    health.set(sender, { ...known, last_heartbeat: isoTimestamp(unixMs()), message: parseJson(bodyText) })
  }

  for (const peer of ports.identities) add(peer)
  service.watchPeers({ onAdd: add, onDrop: (peer) => void health.delete(peer) })
  service.subscribe(HEARTBEATS, beat)
  methods.exportOpen('get_platform_health', () => Object.fromEntries(health), {
    params: [],
    doc: 'Every agent on the bus: since when it is connected, when its last heartbeat came, and what it said.',
    returns: 'dict',
  })
}
