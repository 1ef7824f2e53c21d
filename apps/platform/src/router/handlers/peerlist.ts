import { frameText } from '@volttron/vip'
import { reply } from '../agent-peer.ts'
import { asAgent, type Handler } from '../bus.ts'

/** `list` is answered by `listing` and one frame per identity. */
export const peerlist: Handler = (bus, from, request) => {
  const operation = request.args[0] && frameText(request.args[0])
  if (operation === 'list') {
    asAgent(from)?.askedForPeers()
    reply(from, request, ['listing', ...bus.peers.listing()], '')
  } else reply(from, request, ['error', operation === undefined ? 'missing operation' : 'unknown operation'], '')
}
