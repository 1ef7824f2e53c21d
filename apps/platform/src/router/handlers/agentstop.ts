import { frameText, ReservedIdentity } from '@volttron/vip'
import type { Handler } from '../bus.ts'
import { noteMisdeed } from '../misdeed.ts'

/** A peer leaves: itself, or another one when `platform.control` says so. No reply, as in VOLTTRON. */
export const agentstop: Handler = (bus, from, request) => {
  const identity = request.args[0] ? frameText(request.args[0]) : from.identity
  if (identity !== from.identity && from.principal !== ReservedIdentity.control) {
    return noteMisdeed(bus, from.identity, 'malformedRequest', `agentstop of ${identity}`)
  }
  const peer = bus.peers.get(identity)
  if (!peer || peer.kind === 'service') return
  bus.drop(peer)
}
