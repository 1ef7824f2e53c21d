/**
 * The dispatch behind the front door: where does a message go, and which subsystem handles it. Called with whole messages
 * of peers whose identity is certain; sends nothing but through peers.
 */
import { decide } from '@volttron/routing'
import {
  describeError,
  FrameAt,
  type Frames,
  frame,
  frameText,
  isVipMessage,
  Subsystem,
  VipErrno,
  vipMessage,
} from '@volttron/vip'
import { bounce } from './bounce.ts'
import type { Bus, Handler } from './bus.ts'
import { agentstop } from './handlers/agentstop.ts'
import { error } from './handlers/error.ts'
import { externalRpc } from './handlers/external-rpc.ts'
import { hello } from './handlers/hello.ts'
import { peerlist } from './handlers/peerlist.ts'
import { ping } from './handlers/ping.ts'
import { pubsub } from './handlers/pubsub.ts'
import { query } from './handlers/query.ts'
import { quit } from './handlers/quit.ts'
import { isHarmless, isRobust } from './harmless.ts'
import { noteMisdeed } from './misdeed.ts'
import type { Peer } from './peer.ts'
import { peerLeft } from './rpc-failures.ts'
import { forwardRpc } from './rpc-forwarding.ts'

/** The only place where subsystem names are told apart. */
const handlers: Readonly<Record<string, Handler | undefined>> = {
  __proto__: null as never,
  [Subsystem.hello]: hello,
  [Subsystem.ping]: ping,
  [Subsystem.peerlist]: peerlist,
  [Subsystem.query]: query,
  [Subsystem.pubsub]: pubsub,
  [Subsystem.agentstop]: agentstop,
  [Subsystem.quit]: quit,
  [Subsystem.error]: error,
  [Subsystem.externalRpc]: externalRpc,
}

/**
 * What one peer may send to another. A forged `pubsub`, `peerlist` or `error` would pass for one of the router, and a
 * subsystem it does not know, or `hello`, makes a Python agent stop. Services answer a `hello`.
 */
const BETWEEN_PEERS: ReadonlySet<string> = new Set([Subsystem.rpc, Subsystem.ping])

export class Router {
  readonly #bus: Bus

  constructor(bus: Bus) {
    this.#bus = bus
    bus.peers.listen({
      onAdd: (identity) => this.#announce('add', identity),
      onDrop: (identity, peer) => {
        bus.subscriptions.drop(peer)
        peerLeft(bus, peer)
        this.#announce('drop', identity)
      },
    })
  }

  /**
   * Routes one message; `frames` begin with the recipient. What is no VIP message is ignored and counted. Whatever the message
   * holds, this returns: a defect of ours at one message must not cost the peer its connection, let alone the platform its life.
   */
  accept(from: Peer, frames: Frames): void {
    try {
      this.#route(from, frames)
    } catch (error) {
      noteMisdeed(this.#bus, from.identity, 'failedRequest', describeError(error))
    }
  }

  #route(from: Peer, frames: Frames): void {
    if (!isVipMessage(frames)) {
      return noteMisdeed(this.#bus, from.identity, 'malformed', `no VIP message, ${frames.length} frames`)
    }
    const destination = decide(frameText(frames[FrameAt.peer]!), this.#bus.peers, this.#bus.instanceName)
    switch (destination.to) {
      case 'router':
        return this.#handle(from, frames)
      case 'peer':
        return this.#forward(from, destination.peer, frames)
      case 'platform':
        return forwardRpc(this.#bus, from, destination, frames)
      case 'nowhere':
        this.#bus.counters.unreachable++
        return bounce(from, VipErrno.hostUnreachable, failedOf(frames))
    }
  }

  #handle(from: Peer, frames: Frames): void {
    const subsystem = frameText(frames[FrameAt.subsystem]!)
    const handler = handlers[subsystem]
    if (handler)
      return handler(this.#bus, from, { id: frames[FrameAt.id]!, subsystem, args: frames.slice(FrameAt.args) })
    noteMisdeed(this.#bus, from.identity, 'unknownSubsystem', subsystem)
    bounce(from, VipErrno.protocolNotSupported, { ...failedOf(frames), recipient: '' })
  }

  /** Sender and user frame are written by the router; every other frame stays as it came. */
  #forward(from: Peer, to: Peer, frames: Frames): void {
    const refusal = forwardingProblem(from, to, frames)
    if (refusal !== undefined) {
      noteMisdeed(this.#bus, from.identity, 'refusedForward', `to ${to.identity}: ${refusal}`)
      return bounce(from, VipErrno.protocolNotSupported, failedOf(frames))
    }
    const identity = frame(from.identity)
    const forwarded = [...frames]
    forwarded[FrameAt.peer] = identity
    forwarded[FrameAt.user] = identity
    if (to.send(forwarded)) return
    // A sender that is its own full recipient would answer itself for ever.
    if (from !== to) bounce(from, VipErrno.again, failedOf(frames))
  }

  #announce(operation: 'add' | 'drop', identity: string): void {
    const message = vipMessage({ peer: '', id: '', subsystem: Subsystem.peerlist }, [operation, identity])
    for (const peer of this.#bus.peers.values()) if (peer.hearsPeers) peer.send(message)
  }
}

/** Why a message does not get through to `to`; `undefined` when it does. */
function forwardingProblem(from: Peer, to: Peer, frames: Frames): string | undefined {
  const subsystem = frameText(frames[FrameAt.subsystem]!)
  const isHello = subsystem === Subsystem.hello && (to.kind === 'service' || from.kind === 'service')
  if (!isHello && !BETWEEN_PEERS.has(subsystem)) return subsystem
  if (isRobust(to)) return undefined
  const parts = [frames[FrameAt.id]!, ...frames.slice(FrameAt.args)]
  return isHarmless(to, subsystem, parts) ? undefined : `${subsystem} that would end it`
}

const failedOf = (frames: Frames) => ({
  id: frames[FrameAt.id]!,
  recipient: frames[FrameAt.peer]!,
  subsystem: frames[FrameAt.subsystem]!,
})
