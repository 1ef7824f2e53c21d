/**
 * `external_rpc`, by which Python agents call an agent on another platform (VIP specification, section 4.8):
 *
 *     send_platform | {"to_platform": P, "to_peer": A, "from_platform": "", "from_peer": "", "args": [JSON-RPC text]}
 *
 * It becomes a call like any other; the answer comes back as `external_rpc | send_peer | {...}`. Who calls is known from the
 * connection: what the message says about that is not looked at.
 */
import { decodeFrame } from '@volttron/rpc'
import { frameText, parseJson, type RemotePeer, Subsystem, VipErrno, vipMessage } from '@volttron/vip'
import { bounce } from '../bounce.ts'
import type { Bus, Handler } from '../bus.ts'
import { isHarmless } from '../harmless.ts'
import { noteMisdeed } from '../misdeed.ts'
import type { Peer } from '../peer.ts'
import type { CallForm } from '../remote-calls.ts'
import { failCall } from '../rpc-failures.ts'
import { type OutgoingCall, sendCall } from '../rpc-forwarding.ts'

/** What is kept of a call is bounded: Python agents send one request, and no batch. */
const MAX_ARGS = 16
const MAX_IDS = 16
const MAX_ID_LENGTH = 255
const NO_ID = Buffer.alloc(0)
const MALFORMED = 'external_rpc takes send_platform and an object with to_platform, to_peer and args'

export const externalRpc: Handler = (bus, from, request) => {
  const [operation, envelope] = request.args.map(frameText)
  const call = operation === 'send_platform' && envelope !== undefined ? readCall(envelope) : undefined
  if (!call) {
    noteMisdeed(bus, from.identity, 'malformedRequest', MALFORMED)
    return bounce(from, VipErrno.protocolNotSupported, { ...request, recipient: '' }, MALFORMED)
  }
  const { to, args, form } = call
  // A notification: nothing comes back.
  const id = form.external.some(({ ids }) => ids.length > 0) ? request.id : NO_ID
  if (to.platform === bus.instanceName) callHere(bus, from, to, { id, args, form })
  else sendCall(bus, from, to, { id, args, form })
}

function readCall(envelope: string) {
  const fields = parseJson(envelope)
  if (typeof fields !== 'object' || fields === null) return undefined
  const { to_platform: platform, to_peer: identity, args: texts } = fields as Readonly<Record<string, unknown>>
  if (typeof platform !== 'string' || typeof identity !== 'string' || !areTexts(texts)) return undefined
  const external = texts.map((text) => {
    const { batch, messages } = decodeFrame(text)
    const ids = messages.flatMap((part) =>
      part.kind === 'invalid' || (part.kind === 'request' && part.id !== undefined) ? [part.id ?? null] : [],
    )
    return { batch, ids }
  })
  const ids = external.flatMap((frame) => frame.ids)
  if (ids.length > MAX_IDS || ids.some((id) => String(id).length > MAX_ID_LENGTH)) return undefined
  const to: RemotePeer = { platform, identity }
  return { to, args: texts.map((text) => Buffer.from(text)), form: { external } satisfies CallForm }
}

const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MAX_ARGS &&
  value.every((text) => typeof text === 'string')

/** The platform named is this one: a call from peer to peer. Its answer, an RPC message, ends the call as well. */
function callHere(bus: Bus, from: Peer, to: RemotePeer, { id, args, form }: OutgoingCall): void {
  const callee = bus.peers.get(to.identity)
  if (callee && !isHarmless(callee, Subsystem.rpc, [id, ...args])) {
    noteMisdeed(bus, from.identity, 'refusedForward', `to ${to.identity}: a call that would end it`)
    return failCall(
      bus,
      { peer: from, remote: to, messageId: id, form },
      { errno: VipErrno.protocolNotSupported, isAgent: true },
    )
  }
  const header = { peer: from.identity, user: from.identity, id, subsystem: Subsystem.rpc }
  const errno = callee ? VipErrno.again : VipErrno.hostUnreachable
  if (!callee?.send(vipMessage(header, args))) {
    failCall(bus, { peer: from, remote: to, messageId: id, form }, { errno, isAgent: true })
  }
}
