/**
 * RPC between platforms. An agent calls `<platform>/<identity>` like any peer; the callee sees the caller as
 * `<platform>/<identity>` too. Calls that come in need a rule that names the caller; answers need none.
 */
import { decodeFrame, encodeError, errorObject, RpcErrorCode, type RpcRequest } from '@volttron/rpc'
import { FrameAt, frameText, Subsystem, VipErrno, vipMessage } from '@volttron/vip'
import { bounce } from './bounce.ts'
import type { Bus, Errno, RemoteMessage } from './bus.ts'
import type { Peer } from './peer.ts'
import { principalOf } from './principal.ts'

/** A local peer sends to a peer on another platform. Only RPC crosses. */
export function forwardRpc(
  bus: Bus,
  from: Peer,
  platform: string,
  identity: string,
  frames: readonly Uint8Array[],
): void {
  const id = frames[FrameAt.id]!
  const subsystem = frameText(frames[FrameAt.subsystem]!)
  const failed = { id, recipient: `${platform}/${identity}`, subsystem }
  if (subsystem !== Subsystem.rpc) return bounce(from, VipErrno.protocolNotSupported, failed)
  const message = { to: identity, from: from.identity, id, args: frames.slice(FrameAt.args) }
  const errno = bus.platforms.sendRpc(platform, message)
  if (!errno) return
  bus.counters.unreachable++
  bounce(from, errno, failed)
}

/**
 * A message from a peer on another platform arrives for a local one.
 *
 * @returns the error number to send back when nobody took it
 */
export function receiveRpc(bus: Bus, platform: string, message: RemoteMessage): Errno | undefined {
  const peer = bus.peers.get(message.to)
  if (!peer) return VipErrno.hostUnreachable
  const caller = `${platform}/${message.from}`
  const principal = `${platform}/${principalOf(message.from)}`
  for (const call of message.args.flatMap(callsIn)) {
    const params = { '*args': call.params.args, '**kwargs': call.params.kwargs }
    if (bus.authority.mayCallRpc(principal, message.to, call.method, params)) continue
    bus.counters.deniedRemoteCall++
    if (call.id === undefined) return undefined
    return bus.platforms.sendRpc(platform, {
      ...message,
      to: message.from,
      from: message.to,
      args: [refusal(call, caller, message.to)],
    })
  }
  const header = { peer: caller, user: caller, id: message.id, subsystem: Subsystem.rpc }
  return peer.send(vipMessage(header, message.args)) ? undefined : VipErrno.again
}

/** Calls in one argument frame: a request, a batch of them, or none when it is an answer. */
const callsIn = (frame: Uint8Array): RpcRequest[] =>
  decodeFrame(frame).messages.filter((message) => message.kind === 'request')

function refusal(call: RpcRequest, caller: string, callee: string): Buffer {
  const detail = `${caller} may not call ${callee}.${call.method}: no rule on that platform allows it`
  return Buffer.from(encodeError(call.id ?? null, errorObject(RpcErrorCode.unauthorized, detail)))
}
