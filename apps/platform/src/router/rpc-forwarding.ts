/**
 * RPC from here to other platforms. An agent calls `<platform>/<identity>` like any peer, and the callee sees the caller as
 * `<platform>/<identity>` too. Arguments are forwarded byte for byte; only the message id is replaced by one of ours, so
 * that callers cannot be mixed up.
 *
 *     caller --RPC--> forwardRpc -> session ~~> receiveCall (rpc-arrivals.ts) --RPC--> callee
 *     caller <--RPC-- receiveAnswer <~~ session <- forwardRpc (its answer) <--RPC---'
 */
import { FrameAt, frameText, type RemotePeer, Subsystem, VipErrno } from '@volttron/vip'
import { bounce } from './bounce.ts'
import type { Bus, Errno } from './bus.ts'
import type { Peer } from './peer.ts'
import type { CallForm } from './remote-calls.ts'
import { failCall } from './rpc-failures.ts'
import { MAX_MESSAGE_ID_BYTES } from './waiting-calls.ts'

/** A local peer sends to a peer on another platform: a call, or its answer to one. Only RPC crosses. */
export function forwardRpc(bus: Bus, from: Peer, to: RemotePeer, frames: readonly Uint8Array[]): void {
  const id = frames[FrameAt.id]!
  const subsystem = frameText(frames[FrameAt.subsystem]!)
  if (subsystem !== Subsystem.rpc) {
    return bounce(from, VipErrno.protocolNotSupported, { id, recipient: addressOf(to), subsystem })
  }
  const args = frames.slice(FrameAt.args)
  if (bus.remoteCalls.incoming.madeId(id)) return sendAnswer(bus, from, to, id, args)
  sendCall(bus, from, to, { id, args, form: 'RPC' })
}

export interface OutgoingCall {
  /** Under which the caller expects the answer; empty for a notification, of which nothing comes back. */
  readonly id: Uint8Array
  readonly args: readonly Uint8Array[]
  readonly form: CallForm
}

/** Sends a call of a local peer, and remembers it until it ends. What is wrong with it is said to the caller at once. */
export function sendCall(bus: Bus, from: Peer, to: RemotePeer, { id, args, form }: OutgoingCall): void {
  const { outgoing } = bus.remoteCalls
  const fail = (errno: Errno) => {
    bus.counters.unreachable++
    failCall(bus, { peer: from, remote: to, messageId: id, form }, { errno, isAgent: false })
  }
  if (!bus.remoteCalls.fits(args)) return fail(TOO_LONG)
  if (id.length > MAX_MESSAGE_ID_BYTES) return fail(ID_TOO_LONG)
  if (id.length === 0) {
    const errno = bus.platforms.sendCall(to.platform, { to: to.identity, from: from.identity, id, args })
    return errno && fail(errno)
  }
  const call = outgoing.open({ peer: from, remote: to, messageId: id, form })
  if (call === 'peer-full') return fail(tooMany(from.identity))
  if (call === 'platform-full') return fail(tooMany(to.platform))
  const message = { to: to.identity, from: from.identity, id: Buffer.from(call.id, 'latin1'), args }
  const errno = bus.platforms.sendCall(to.platform, message)
  if (!errno) return
  outgoing.end(call)
  fail(errno)
}

/** A local peer answers a call from another platform. */
function sendAnswer(bus: Bus, from: Peer, to: RemotePeer, id: Uint8Array, args: readonly Uint8Array[]): void {
  const call = bus.remoteCalls.incoming.take(id, to, from.identity)
  if (!call) {
    bus.counters.lateRemoteAnswer++
    return
  }
  const answer = { to: to.identity, from: from.identity, id: call.messageId, args }
  const errno = bus.remoteCalls.fits(args)
    ? bus.platforms.sendAnswer(to.platform, answer)
    : bus.platforms.sendError(to.platform, { to: answer.to, from: answer.from, id: answer.id, errno: TOO_LONG })
  if (!errno) return
  bus.counters.unreachable++
  bounce(from, errno, { id, recipient: addressOf(to), subsystem: Subsystem.rpc })
}

const addressOf = ({ platform, identity }: RemotePeer): string => `${platform}/${identity}`

const TOO_LONG: Errno = VipErrno.messageTooLong
const ID_TOO_LONG: Errno = {
  ...VipErrno.protocolNotSupported,
  text: `a message id has at most ${MAX_MESSAGE_ID_BYTES} bytes`,
}
const tooMany = (whose: string): Errno => ({
  code: VipErrno.again.code,
  text: `too many calls wait for their answer: ${whose}`,
})
