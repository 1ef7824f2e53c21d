/**
 * RPC between platforms. An agent calls `<platform>/<identity>` like any peer; the callee sees the caller as
 * `<platform>/<identity>` too. Calls that come in need a rule that names the caller; answers need none.
 */
import { decodeFrame, encodeError, errorObject, type InvalidRpc, RpcErrorCode, type RpcRequest } from '@volttron/rpc'
import { FrameAt, frameText, looksLikeJson, Subsystem, VipErrno, vipMessage } from '@volttron/vip'
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
  for (const call of message.args.flatMap(concernsIn)) {
    if (call.kind === 'invalid') {
      bus.counters.deniedRemoteCall++
      return sendBack(bus, platform, message, encodeError(call.id, call.error))
    }
    const params = { '*args': call.params.args, '**kwargs': call.params.kwargs }
    if (bus.authority.mayCallRpc(principal, message.to, call.method, params)) continue
    bus.counters.deniedRemoteCall++
    if (call.id === undefined) return undefined
    return sendBack(bus, platform, message, refusal(call, caller, message.to))
  }
  const header = { peer: caller, user: caller, id: message.id, subsystem: Subsystem.rpc }
  return peer.send(vipMessage(header, message.args)) ? undefined : VipErrno.again
}

/**
 * Another platform says that a call of a local peer found nobody. Of its words only those are passed on that do no harm:
 * `-32001`, for one, ends a Python agent.
 */
export function receiveRpcError(bus: Bus, platform: string, error: RemoteError): void {
  const caller = bus.peers.get(error.to)
  if (!caller) return
  const { code, text } = ROUTING_ERRORS.find(({ code }) => code === error.errno.code) ?? VipErrno.hostUnreachable
  const said = error.errno.text.replace(NOT_PRINTABLE, '?')
  const failed = {
    id: error.id,
    recipient: `${platform}/${error.from}`.replace(NOT_PRINTABLE, '?'),
    subsystem: Subsystem.rpc,
  }
  bounce(caller, { code, text }, failed, said === '' || looksLikeJson(said) ? text : said)
}

/** An error about a call, on its way back to the caller. */
export interface RemoteError {
  /** The caller here. */
  readonly to: string
  /** The callee there. */
  readonly from: string
  readonly id: Uint8Array
  readonly errno: Errno
}

/** What can become of a message on its way. */
const ROUTING_ERRORS: readonly Errno[] = [VipErrno.again, VipErrno.protocolNotSupported, VipErrno.hostUnreachable]
const NOT_PRINTABLE = /[^\x20-\x7e]/g

/**
 * What must be judged in one argument frame: calls, and whatever is no JSON-RPC to us, because to the callee it might be a
 * call. Answers need no judgement.
 */
const concernsIn = (frame: Uint8Array): (RpcRequest | InvalidRpc)[] =>
  decodeFrame(frame).messages.filter((message) => message.kind === 'request' || message.kind === 'invalid')

const sendBack = (bus: Bus, platform: string, message: RemoteMessage, answer: string): Errno | undefined =>
  bus.platforms.sendRpc(platform, {
    ...message,
    to: message.from,
    from: message.to,
    args: [Buffer.from(answer)],
  })

function refusal(call: RpcRequest, caller: string, callee: string): string {
  const detail = `${caller} may not call ${callee}.${call.method}: no rule on that platform allows it`
  return encodeError(call.id ?? null, errorObject(RpcErrorCode.unauthorized, detail))
}
