/** The world as the federation engine sees it: sockets, the bus, keys and disk of this platform. */
import type { FederationPorts, FederationStore, RegistryPort } from '@volttron/federation'
import type { Logger } from '@volttron/observe'
import type { SubscriptionTable } from '@volttron/pubsub'
import { dial, type Turn } from '@volttron/transport'
import { systemClock } from '../clock.ts'
import type { LimitOptions } from '../options/platform-options.ts'
import type { Bus } from '../router/bus.ts'
import type { RouteName, Topic } from '../router/names.ts'
import type { Peer } from '../router/peer.ts'
import { receiveAnswer, receiveCall, receiveError } from '../router/rpc-arrivals.ts'
import { sessionEnded } from '../router/rpc-failures.ts'
import { DialGate } from './dial-gate.ts'

/** Dials to other platforms at the same time: each takes some six descriptors until it has failed or succeeded. */
const DIALS_AT_ONCE = 128
/** A dial that is refused takes 0.7 ms of this processor: a third of it at the most. */
const DIAL_PACE_MS = 2

export interface FederationSurroundings {
  readonly limits: LimitOptions
  readonly turn: Turn
  readonly subscriptions: SubscriptionTable<Peer>
  /** The bus, which is complete by the time the first session opens. */
  readonly bus: () => Bus
  readonly keys: FederationPorts<Topic, RouteName>['keys']
  readonly store: FederationStore
  readonly registry: RegistryPort
  readonly log: Logger
}

export function federationPorts(surroundings: FederationSurroundings): FederationPorts<Topic, RouteName> {
  const { turn, keys, store, registry, log, limits, bus, subscriptions } = surroundings
  const gate = new DialGate({ most: DIALS_AT_ONCE, paceMs: DIAL_PACE_MS, setTimer: systemClock.setTimer })
  return {
    clock: systemClock,
    random: Math.random,
    turn,
    keys,
    store,
    registry,
    log,
    dial({ platform, address, publicKey, failures }, signal) {
      const options = {
        address,
        serverKey: publicKey,
        keys: keys.own(),
        routingId: `instance.${platform}.${Math.random()}`,
        signal,
        maxMessageBytes: limits.maxMessageBytes,
        heartbeatIntervalMs: limits.heartbeatIntervalMs,
        heartbeatTimeoutMs: limits.heartbeatTimeoutMs,
      }
      return gate.pass(() => dial(options), failures, signal)
    },
    bus: {
      interest: subscriptions.interest,
      resolveTopic: (text) => bus().distribution.topics.intern(text),
      resolveRoute: (_platform, text) => bus().distribution.routes.intern(text),
      onRemotePublish: (topic, route, record, sequence, ageMs) =>
        bus().distribution.arrive(topic, route, record, sequence, ageMs),
      isCongested: (platform) => bus().distribution.isCongested(platform),
      onRemoteRpc: (platform, to, from, id, args) => receiveCall(bus(), platform, { to, from, id, args }),
      onRpcAnswer: (platform, to, from, id, args) => receiveAnswer(bus(), platform, { to, from, id, args }),
      onRpcError: (platform, { id, toIdentity: to, peer: from, errno: code, text }) =>
        receiveError(bus(), platform, { to, from, id, errno: { code, text } }),
      onSessionEnd: (platform) => sessionEnded(bus(), platform),
    },
  }
}
