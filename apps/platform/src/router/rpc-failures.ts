/** How calls between platforms end without an answer: each caller is told at once, in the form it understands. */
import { encodeBatch, encodeError, errorObject, RpcErrorCode } from '@volttron/rpc'
import { looksLikeJson, Subsystem, toAsciiJson, VipErrno, vipMessage } from '@volttron/vip'
import { bounce } from './bounce.ts'
import type { Bus, Errno } from './bus.ts'
import type { Peer } from './peer.ts'
import type { CallForm } from './remote-calls.ts'
import type { NewCall } from './waiting-calls.ts'

export interface CallFailure {
  readonly errno: Errno
  /** The platform is there, its agent is not to be had. */
  readonly isAgent: boolean
}

/** Tells a local caller that its call to another platform has failed. */
export function failCall(bus: Bus, call: NewCall<CallForm>, { errno, isAgent }: CallFailure): void {
  const { peer, remote, messageId, form } = call
  const callee = printable(`${remote.platform}/${remote.identity}`)
  if (form === 'RPC') return bounce(peer, errno, { id: messageId, recipient: callee, subsystem: Subsystem.rpc })
  const code = isAgent ? RpcErrorCode.unavailableAgent : RpcErrorCode.unavailablePlatform
  const text = `${callee}: ${errno.text}`
  const error = errorObject(code, text, text)
  const args = form.external
    .filter(({ ids }) => ids.length > 0)
    .map(({ batch, ids }) => {
      const answers = ids.map((id) => encodeError(id, error))
      return batch ? encodeBatch(answers) : answers[0]!
    })
  if (args.length > 0) sendToPeer(bus, call, args)
}

/**
 * The answer to an `external_rpc` call (VIP specification, section 4.8): the caller sees who answered and to whom.
 *
 * @param args JSON-RPC texts
 */
export function sendToPeer(
  bus: Bus,
  { peer, remote, messageId }: Pick<NewCall<CallForm>, 'peer' | 'remote' | 'messageId'>,
  args: readonly string[],
): boolean {
  const envelope = {
    to_platform: bus.instanceName,
    to_peer: peer.identity,
    from_platform: printable(remote.platform),
    from_peer: printable(remote.identity),
    args,
  }
  const header = { peer: '', user: peer.identity, id: messageId, subsystem: Subsystem.externalRpc }
  return peer.send(vipMessage(header, ['send_peer', toAsciiJson(envelope)]))
}

/** A peer is gone: nobody waits for its calls, and those who called it from other platforms hear of it. */
export function peerLeft(bus: Bus, peer: Peer): void {
  const { outgoing, incoming } = bus.remoteCalls
  outgoing.dropPeer(peer)
  for (const { remote, messageId } of incoming.dropPeer(peer)) {
    const text = `${peer.identity} disconnected before it answered`
    const errno = { ...VipErrno.hostUnreachable, text }
    bus.platforms.sendError(remote.platform, { to: remote.identity, from: peer.identity, id: messageId, errno })
  }
}

/** The session with a platform is over: what was asked of it is not answered any more, and it waits for nothing. */
export function sessionEnded(bus: Bus, platform: string): void {
  const { outgoing, incoming } = bus.remoteCalls
  incoming.dropPlatform(platform)
  const text = `the connection to the platform ${platform} was lost before the answer came; the call may have been carried out`
  const failure = { errno: { ...VipErrno.hostUnreachable, text }, isAgent: false }
  for (const call of outgoing.dropPlatform(platform)) failCall(bus, call, failure)
}

/** What can become of a call on its way. */
const ROUTING_ERRORS: readonly Errno[] = [
  VipErrno.again,
  VipErrno.messageTooLong,
  VipErrno.protocolNotSupported,
  VipErrno.hostUnreachable,
]

/**
 * Of the words of another platform only those are passed on that do no harm: error `-32001`, for one, ends a Python agent,
 * and so may text that reads as JSON.
 */
export function harmlessErrno({ code, text }: Errno): Errno {
  const known = ROUTING_ERRORS.find((errno) => errno.code === code) ?? VipErrno.hostUnreachable
  const said = printable(text)
  return { code: known.code, text: said === '' || looksLikeJson(said) ? known.text : said }
}

const NOT_PRINTABLE = /[^\x20-\x7e]/g
const printable = (text: string): string => text.replace(NOT_PRINTABLE, '?')
