/** `platform.control`: the platform itself, as the operator sees it. */
import type { ConnectionRow, PlatformInfo, RotatedPlatformKey } from '@volttron/contracts'
import type { AgentPeer } from '../router/agent-peer.ts'
import { asAgent, type Bus } from '../router/bus.ts'
import type { ServiceMethods } from './service-methods.ts'

export interface ControlPorts {
  readonly bus: Bus
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly startedAtMs: number
  readonly doorCounters: () => object
  readonly rotatePlatformKey: () => Promise<RotatedPlatformKey>
  readonly stopPlatform: () => void
}

const NO_PARAMETERS = { params: [] } as const

export function exportControlService(methods: ServiceMethods, ports: ControlPorts): void {
  const { bus } = ports
  methods.exportOpen('peerlist', () => [...bus.peers.values()].map((peer) => peer.identity), NO_PARAMETERS)
  methods.export(
    'connections',
    () => [...bus.peers.values()].flatMap((peer) => rowOf(asAgent(peer), ports.now())),
    NO_PARAMETERS,
  )
  methods.export(
    'platform_info',
    (): PlatformInfo => ({
      instance_name: bus.instanceName,
      version: bus.facts.version,
      pid: process.pid,
      uptime_s: Math.round((ports.now() - ports.startedAtMs) / 1000),
      addresses: bus.facts.addresses,
      public_key: bus.facts.publicKey,
      memory_mb: Math.round(process.memoryUsage.rss() / 1e6),
      counters: { router: { ...bus.counters }, door: { ...ports.doorCounters() } },
    }),
    NO_PARAMETERS,
  )
  methods.export('rotate_platform_key', () => ports.rotatePlatformKey(), NO_PARAMETERS)
  methods.export(
    'stop_platform',
    () => {
      ports.stopPlatform()
      return null
    },
    NO_PARAMETERS,
  )
}

function rowOf(peer: AgentPeer | undefined, nowMs: number): ConnectionRow[] {
  if (!peer) return []
  const { connection, counters } = peer
  return [
    {
      identity: peer.identity,
      kind: peer.kind,
      remote: connection.remote,
      protocol: peer.isBatched ? 'volttron-ts' : 'vip1',
      messages_in: counters.messagesIn,
      messages_out: counters.messagesOut,
      bytes_in: connection.counters.bytesIn,
      bytes_out: connection.counters.bytesOut,
      queued_bytes: peer.queuedBytes,
      dropped: counters.dropped,
      connected_s: Math.round((nowMs - peer.connectedAtMs) / 1000),
    },
  ]
}
