import { frameText } from '@volttron/vip'
import { reply } from '../agent-peer.ts'
import { asAgent, type Handler } from '../bus.ts'
import { noteMisdeed } from '../misdeed.ts'

/** `list` is answered by `listing` and one frame per identity. */
export const peerlist: Handler = (bus, from, request) => {
  const operation = request.args[0] && frameText(request.args[0])
  if (operation === 'list') {
    asAgent(from)?.askedForPeers()
    reply(from, request, ['listing', ...bus.peers.listing()], '')
    return
  }
  const problem = operation === undefined ? 'missing operation' : 'unknown operation'
  noteMisdeed(bus, from.identity, 'malformedRequest', `peerlist: ${problem}`)
  reply(from, request, ['error', problem], '')
}
