/** What the handlers of the subsystems share: the tables of the bus and the platform's facts. */
import type { SubscriptionTable } from '@volttron/pubsub'
import type { PeerTable } from '@volttron/routing'
import type { AgentPeer } from './agent-peer.ts'
import type { Authority } from './authority.ts'
import type { RouterCounters } from './counters.ts'
import type { Distribution } from './distribution.ts'
import type { Peer } from './peer.ts'
import type { PeerLog } from './peer-log.ts'
import type { RemoteCalls } from './remote-calls.ts'

/** A message of a peer to the router, cut into its parts. */
export interface Request {
  readonly id: Uint8Array
  readonly subsystem: string
  readonly args: readonly Uint8Array[]
}

/** A handler serves one subsystem, and its file is named after it. */
export type Handler = (bus: Bus, from: Peer, request: Request) => void

/** What `query` tells. */
export interface PlatformFacts {
  readonly addresses: readonly string[]
  readonly localAddress: string
  readonly publicKey: string
  readonly version: string
  readonly agentMonitorFrequencyS: number
}

/** One of `VipErrno`, or what another platform answered. */
export interface Errno {
  readonly code: number
  readonly text: string
}

/** A call between platforms, or the answer to one. */
export interface RemoteMessage {
  /** Identity where it goes. */
  readonly to: string
  /** Identity where it comes from. */
  readonly from: string
  /** Names the call on the session; chosen by the caller's platform. */
  readonly id: Uint8Array
  readonly args: readonly Uint8Array[]
}

/** The way to other platforms; packages/federation offers it. */
export interface RemotePlatforms {
  /** The frames of a call are copied; the error number when there is no way. */
  sendCall(platform: string, message: RemoteMessage): Errno | undefined
  /** As {@link sendCall}. */
  sendAnswer(platform: string, message: RemoteMessage): Errno | undefined
  /** Tells the caller that its call has failed. */
  sendError(platform: string, error: RemoteError): Errno | undefined
}

/** Why the call of this id failed, on its way back to the caller. */
export interface RemoteError {
  /** The caller. */
  readonly to: string
  /** The callee. */
  readonly from: string
  readonly id: Uint8Array
  readonly errno: Errno
}

export interface Bus {
  readonly instanceName: string
  /** Names this run of the router in `welcome`. */
  readonly routerId: string
  readonly peers: PeerTable<Peer>
  readonly subscriptions: SubscriptionTable<Peer>
  readonly distribution: Distribution
  readonly authority: Authority
  readonly platforms: RemotePlatforms
  readonly remoteCalls: RemoteCalls
  readonly counters: RouterCounters
  readonly peerLog: PeerLog
  readonly facts: PlatformFacts
  /** A fresh number of 32 bits for each call. */
  readonly nextNonce: () => number
  /** Takes a peer off the bus. */
  readonly drop: (peer: Peer) => void
  /** The operator asked the platform to stop. */
  readonly onQuit: () => void
}

/** An agent behind a connection; services of the platform have none of its abilities. */
export const asAgent = (peer: Peer): AgentPeer | undefined =>
  peer.kind === 'service' ? undefined : (peer as AgentPeer)
