/** The bus of a platform: tables, distribution, router and reception, without any socket. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { PeerTable } from '@volttron/routing'
import type { Turn } from '@volttron/transport'
import { Subsystem, VipErrno } from '@volttron/vip'
import { systemClock } from './clock.ts'
import type { LimitOptions } from './options/platform-options.ts'
import type { Authority } from './router/authority.ts'
import { bounce } from './router/bounce.ts'
import type { Bus, PlatformFacts, RemotePlatforms } from './router/bus.ts'
import { newRouterCounters } from './router/counters.ts'
import { Distribution } from './router/distribution.ts'
import type { PeerSession } from './router/names.ts'
import { noteMisdeed } from './router/misdeed.ts'
import type { Peer } from './router/peer.ts'
import { PeerLog } from './router/peer-log.ts'
import { Reception, type ReceptionOptions } from './router/reception.ts'
import { RemoteCalls } from './router/remote-calls.ts'
import { Router } from './router/router.ts'

/** What shares a ZeroMQ frame with the largest call: heads, and records before it. */
const MESSAGE_OVERHEAD_BYTES = 128 * 1024

export interface BusOptions extends Pick<ReceptionOptions, 'holderOf' | 'sessions' | 'log'> {
  readonly instanceName: string
  /** Names this run of the platform in the routes of its records. */
  readonly epoch: number
  readonly authority: Authority
  readonly subscriptions: SubscriptionTable<Peer>
  readonly remoteInterest: RemoteInterest<PeerSession>
  readonly platforms: RemotePlatforms
  readonly facts: PlatformFacts
  readonly limits: LimitOptions
  readonly turn: Turn
  /** An operator asked the platform to stop. */
  readonly onQuit: () => void
}

export interface AssembledBus {
  readonly bus: Bus
  readonly router: Router
  readonly reception: Reception
}

export function assembleBus(options: BusOptions): AssembledBus {
  const { instanceName, authority, subscriptions, limits } = options
  const peers = new PeerTable<Peer>()
  const counters = newRouterCounters()
  const peerLog = new PeerLog({ now: systemClock.monotonicMs, log: options.log })
  const distribution = new Distribution({
    instanceName,
    epoch: options.epoch,
    authority,
    subscriptions,
    remoteInterest: options.remoteInterest,
    counters,
    turn: options.turn,
    now: systemClock.monotonicMs,
    onMalformed: (sender) => noteMisdeed({ counters, peerLog }, sender, 'malformedPublish', MALFORMED_PUBLISH),
    onRefused: (subscriber, publisher) => tellPublisher(peers, subscriber, publisher?.localRoute.sender),
  })
  const bus: Bus = {
    instanceName,
    routerId: randomUUID(),
    peers,
    subscriptions,
    distribution,
    authority,
    platforms: options.platforms,
    remoteCalls: new RemoteCalls({
      idPrefix: randomBytes(8).toString('hex'),
      now: systemClock.monotonicMs,
      maxBytes: limits.maxMessageBytes - MESSAGE_OVERHEAD_BYTES,
    }),
    counters,
    peerLog,
    facts: options.facts,
    nextNonce: () => randomBytes(4).readUInt32LE(),
    drop(peer) {
      peers.drop(peer.identity, peer)
      peer.close('the agent stops')
    },
    onQuit: options.onQuit,
  }
  const router = new Router(bus)
  const reception = new Reception({
    bus,
    router,
    turn: options.turn,
    holderOf: options.holderOf,
    sessions: options.sessions,
    now: systemClock.monotonicMs,
    setTimer: systemClock.setTimer,
    queueBytes: limits.peerQueueBytes,
    // A peer that lives shows it by a ZMTP heartbeat at the latest.
    challengeMs: limits.heartbeatIntervalMs + 1_000,
    log: options.log,
  })
  return { bus, router, reception }
}

/** A classic publisher hears which subscriber it is too fast for (VIP specification, section 5.4). */
function tellPublisher(peers: PeerTable<Peer>, subscriber: Peer, identity: string | undefined): void {
  const publisher = identity === undefined ? undefined : peers.get(identity)
  if (!publisher || publisher === subscriber || publisher.isBatched) return
  bounce(publisher, VipErrno.again, { id: NO_ID, recipient: subscriber.identity, subsystem: Subsystem.pubsub })
}

const MALFORMED_PUBLISH = 'a publish that is not what it claims to be'
const NO_ID = Buffer.alloc(0)
