/** `agent.vip`: the subsystems of VIP, as Python agents name them. */
import { MethodRegistry, type PendingCalls } from '@volttron/rpc'
import { Subsystem } from '@volttron/vip'
import type { Bus } from './bus.ts'
import { ConfigStore } from './config-store/config-store.ts'
import { Health } from './health/health.ts'
import { Heartbeat } from './health/heartbeat.ts'
import { createHello, type Welcome } from './hello.ts'
import { Peerlist } from './peerlist.ts'
import { Ping } from './ping.ts'
import { PubSub } from './pubsub.ts'
import { createQuery } from './query.ts'
import { Rpc, receiveRpcMessage } from './rpc.ts'
import { RpcProtection } from './rpc-protection.ts'
import type { Schedule } from './schedule/schedule.ts'
import { exportStandardMethods } from './standard-methods.ts'
import type { SubscriptionSync } from './subscription-sync.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface Vip {
  readonly pubsub: PubSub
  readonly rpc: Rpc
  /** The agent's own configurations, kept by the platform. */
  readonly config: ConfigStore
  readonly health: Health
  readonly heartbeat: Heartbeat
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
  readonly calls: PendingCalls
  readonly schedule: Schedule
  /** What `agent.version` answers. */
  readonly version: string
  /** Name of the author's class. */
  readonly agentClass: string
  /** Given: the heartbeat begins with the agent. */
  readonly heartbeatPeriodMs: number | undefined
  /** Name of our own platform, as soon as it is known. */
  readonly instanceName: () => string | undefined
  /** @throws VolttronError when the agent was not started or has been stopped */
  readonly requireStarted: () => void
}

export function createVip(parts: VipParts): Vip {
  const { bus, calls, schedule, version, agentClass, instanceName } = parts
  const protection = new RpcProtection(bus, calls)
  const methods = new MethodRegistry({ authorize: (call) => protection.authorize(call) })
  bus.handle(Subsystem.rpc, (message) => receiveRpcMessage(bus, { methods, calls }, message))
  const pubsub = new PubSub(parts)
  const { ports, identity, report } = bus
  const health = new Health({ ports, pubsub, identity, agentClass, instanceName, report })
  const heartbeat = new Heartbeat({ bus, pubsub, schedule, health, periodMs: parts.heartbeatPeriodMs })
  exportStandardMethods({ methods, protection, health, heartbeat, version })
  return {
    pubsub,
    rpc: new Rpc({ methods, calls, protection, instanceName }),
    config: new ConfigStore({ bus, methods, calls, protection }),
    health,
    heartbeat,
    peerlist: new Peerlist(bus),
    ping: new Ping(bus),
    hello: createHello(bus),
    query: createQuery(bus),
  }
}
