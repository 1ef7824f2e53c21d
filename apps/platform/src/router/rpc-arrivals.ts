/**
 * RPC from other platforms. The other side is authenticated and not trusted: a call needs a rule that names its caller, an
 * answer must belong to a call of ours and hold no call, and no id of the other side reaches an agent.
 */
import {
  decodeFrame,
  encodeBatch,
  encodeError,
  errorObject,
  RpcErrorCode,
  type RpcErrorObject,
  type RpcFrame,
  type RpcRequest,
} from '@volttron/rpc'
import { frame, frameText, Subsystem, VipErrno, vipMessage } from '@volttron/vip'
import type { Bus, Errno, RemoteError, RemoteMessage } from './bus.ts'
import { shown } from './peer-log.ts'
import { isHarmless } from './harmless.ts'
import { principalOf } from './principal.ts'
import { failCall, harmlessErrno, sendToPeer } from './rpc-failures.ts'
import { MAX_MESSAGE_ID_BYTES } from './waiting-calls.ts'

/** A peer on another platform calls a local one. What is wrong with the call is said to the caller at once. */
export function receiveCall(bus: Bus, platform: string, message: RemoteMessage): void {
  if (message.id.length > MAX_MESSAGE_ID_BYTES) {
    bus.counters.deniedRemoteCall++
    return
  }
  const frames = message.args.map(decodeFrame)
  const denied = denialOf(bus, platform, message, frames)
  if (denied) return refuse(bus, platform, message, frames, denied)
  const peer = bus.peers.get(message.to)
  if (peer && !isHarmless(peer, Subsystem.rpc, message.args)) {
    return refuse(bus, platform, message, frames, errorObject(RpcErrorCode.invalidRequest, HARMFUL))
  }
  const errno = deliverCall(bus, platform, message, expectsAnswer(frames))
  if (errno && message.id.length > 0) sendError(bus, platform, message, errno)
}

/** A peer on another platform answers a call of a local one. */
export function receiveAnswer(bus: Bus, platform: string, message: RemoteMessage): void {
  const call = bus.remoteCalls.outgoing.take(message.id, { platform, identity: message.from }, message.to)
  if (!call) {
    bus.counters.lateRemoteAnswer++
    return
  }
  // Nothing to answer: there was no request with an id in the call.
  if (message.args.length === 0) return
  // A classic peer is given nothing but what it understands; others are robust, so their answers need not be read.
  const isRefused =
    message.args.some((arg) => (!call.peer.isBatched || mayHoldCall(arg)) && !isAnswer(arg)) ||
    !isHarmless(call.peer, Subsystem.rpc, message.args)
  if (isRefused) {
    bus.counters.deniedRemoteCall++
    return failCall(bus, call, { errno: NO_ANSWER, isAgent: true })
  }
  const sent =
    call.form === 'RPC'
      ? call.peer.send(rpcMessage(`${platform}/${message.from}`, call.messageId, message.args))
      : sendToPeer(bus, call, message.args.map(frameText))
  if (!sent) bus.counters.unreachable++
}

/** Another platform says why it cannot answer a call of a local peer. */
export function receiveError(bus: Bus, platform: string, error: RemoteError): void {
  const call = bus.remoteCalls.outgoing.take(error.id, { platform, identity: error.from }, error.to)
  if (call) failCall(bus, call, { errno: harmlessErrno(error.errno), isAgent: true })
  else bus.counters.lateRemoteAnswer++
}

/** Hands the call over as one of `<platform>/<identity>`, under an id of ours when there will be an answer. */
function deliverCall(bus: Bus, platform: string, message: RemoteMessage, isAnswered: boolean): Errno | undefined {
  const peer = bus.peers.get(message.to)
  if (!peer) return VipErrno.hostUnreachable
  const caller = `${platform}/${message.from}`
  if (message.id.length === 0 || !isAnswered) {
    const sent = peer.send(rpcMessage(caller, '', message.args))
    if (message.id.length > 0 && sent) sendAnswer(bus, platform, message, [])
    return sent ? undefined : VipErrno.again
  }
  const { incoming } = bus.remoteCalls
  const remote = { platform, identity: message.from }
  const call = incoming.open({ peer, remote, messageId: message.id, form: undefined })
  if (typeof call === 'string') return VipErrno.again
  if (peer.send(rpcMessage(caller, call.id, message.args))) return undefined
  incoming.end(call)
  return VipErrno.again
}

/** An RPC message as a local peer gets it from a remote one. */
function rpcMessage(sender: string, id: string | Uint8Array, args: readonly Uint8Array[]): Uint8Array[] {
  const peer = frame(sender)
  return vipMessage({ peer, user: peer, id, subsystem: RPC }, args)
}

/** Made once: calls are many. */
const RPC = frame(Subsystem.rpc)

const expectsAnswer = (frames: readonly RpcFrame[]): boolean =>
  frames.some(({ messages }) => messages.some((part) => part.kind === 'request' && part.id !== undefined))

/** Why nothing of the message may pass: one call without a rule is enough. */
function denialOf(
  bus: Bus,
  platform: string,
  message: RemoteMessage,
  frames: readonly RpcFrame[],
): RpcErrorObject | undefined {
  const principal = `${platform}/${principalOf(message.from)}`
  for (const { messages } of frames) {
    for (const part of messages) {
      // What is no JSON-RPC to us might be a call to the callee; and an answer has a message of its own.
      if (part.kind === 'invalid') return part.error
      if (part.kind !== 'request') return errorObject(RpcErrorCode.invalidRequest, 'a call must not hold answers')
      if (isAllowed(bus, principal, message.to, part)) continue
      const caller = `${platform}/${message.from}`
      bus.peerLog.add(caller, 'remote-call-denied', { caller, callee: message.to, method: shown(part.method) })
      return errorObject(RpcErrorCode.unauthorized, denialText(bus, principal, message.to, part.method))
    }
  }
  return frames.length === 0 ? errorObject(RpcErrorCode.invalidRequest, 'a call without arguments') : undefined
}

const isAllowed = (bus: Bus, principal: string, callee: string, { method, params }: RpcRequest): boolean =>
  bus.authority.mayCallRpc(principal, callee, method, { '*args': params.args, '**kwargs': params.kwargs })

function denialText({ instanceName }: Bus, principal: string, callee: string, method: string): string {
  const resource = `${callee}.${method.slice(0, MAX_SHOWN)}`
  return (
    `${principal} may not call ${resource}: no rule on the platform ${instanceName} allows it ` +
    `(its operator may: vctl authz add agent ${principal} --rpc-capabilities ${resource})`
  )
}

const MAX_SHOWN = 200

/** Every call of the message is answered by the same error, as its caller waits for each. */
function refuse(
  bus: Bus,
  platform: string,
  message: RemoteMessage,
  frames: readonly RpcFrame[],
  error: RpcErrorObject,
): void {
  bus.counters.deniedRemoteCall++
  if (message.id.length === 0) return
  const args = frames.flatMap(({ batch, messages }) => {
    const answers = messages.flatMap((part) => {
      const isWaiting = part.kind === 'invalid' || (part.kind === 'request' && part.id !== undefined)
      return isWaiting ? [encodeError(part.id ?? null, error)] : []
    })
    if (answers.length === 0) return []
    return [Buffer.from(batch ? encodeBatch(answers) : answers[0]!)]
  })
  sendAnswer(bus, platform, message, args)
}

/** Turns a message round: from the callee back to the caller. */
const back = ({ to, from, id }: RemoteMessage) => ({ to: from, from: to, id })

function sendAnswer(bus: Bus, platform: string, message: RemoteMessage, args: readonly Uint8Array[]): void {
  if (bus.platforms.sendAnswer(platform, { ...back(message), args })) bus.counters.unreachable++
}

function sendError(bus: Bus, platform: string, message: RemoteMessage, errno: Errno): void {
  bus.counters.unreachable++
  bus.platforms.sendError(platform, { ...back(message), errno })
}

const HARMFUL = 'nested too deeply, or a number too long, for its recipient'
const NO_ANSWER: Errno = { ...VipErrno.hostUnreachable, text: 'its answer was refused, because it is none' }

/** Whether an answer might be a call to whoever reads it: the word stands in every call, plain or with an escape in it. */
function mayHoldCall(arg: Uint8Array): boolean {
  const bytes = Buffer.from(arg.buffer, arg.byteOffset, arg.length)
  return bytes.includes('"method"') || bytes.includes('\\u00')
}

const isAnswer = (arg: Uint8Array): boolean =>
  decodeFrame(arg).messages.every(({ kind }) => kind === 'result' || kind === 'error')
