/** `agent.vip`: the subsystems of VIP, as Python agents name them. */
import type { MethodRegistry, PendingCalls } from '@volttron/rpc'
import { Subsystem } from '@volttron/vip'
import type { Bus } from './bus.ts'
import { createHello, type Welcome } from './hello.ts'
import { Peerlist } from './peerlist.ts'
import { Ping } from './ping.ts'
import { PubSub } from './pubsub.ts'
import { createQuery } from './query.ts'
import { Rpc, receiveRpcMessage } from './rpc.ts'
import type { SubscriptionSync } from './subscription-sync.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface Vip {
  readonly pubsub: PubSub
  readonly rpc: Rpc
  readonly peerlist: Peerlist
  readonly ping: Ping
  /** Introduces the agent to a peer, the router by default. */
  readonly hello: (peer?: string) => Promise<Welcome>
  /** Asks the platform for a property: `instance-name`, `addresses`, `local_address`, `message-bus`... */
  readonly query: (property: string) => Promise<unknown>
}

export interface VipParts {
  readonly bus: Bus
  readonly subscriptions: Subscriptions
  readonly sync: SubscriptionSync
  readonly methods: MethodRegistry
  readonly calls: PendingCalls
  /** What `agent.version` answers. */
  readonly version: string
  /** Name of our own platform, as soon as it is known. */
  readonly instanceName: () => string | undefined
  /** @throws VolttronError when the agent was not started or has been stopped */
  readonly requireStarted: () => void
}

export function createVip(parts: VipParts): Vip {
  const { bus, methods, calls, version, instanceName } = parts
  methods.export('agent.version', () => version, { params: [], doc: 'Version of the agent.' })
  bus.handle(Subsystem.rpc, (message) => receiveRpcMessage(bus, { methods, calls }, message))
  return {
    pubsub: new PubSub(parts),
    rpc: new Rpc({ methods, calls }, instanceName),
    peerlist: new Peerlist(bus),
    ping: new Ping(bus),
    hello: createHello(bus),
    query: createQuery(bus),
  }
}
