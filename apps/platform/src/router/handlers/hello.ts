import { INITIAL_CREDIT } from '@volttron/transport'
import { commonVersion, frameText, parseHello, welcomeArgument } from '@volttron/vip'
import { reply } from '../agent-peer.ts'
import { asAgent, type Handler } from '../bus.ts'

/** Protocol version in `welcome`, as real routers write it. */
const VIP_VERSION = '1.0'

/**
 * `hello` is answered by `welcome, 1.0, <router>, <identity>`. A peer that announces the batched form gets our own
 * capabilities as a fifth argument, and from then on everything goes through a channel.
 */
export const hello: Handler = (bus, from, request) => {
  const welcome = ['welcome', VIP_VERSION, bus.routerId, from.identity]
  const agent = asAgent(from)
  const offered = request.args[1] && parseHello(frameText(request.args[1]))
  const version = offered && commonVersion(offered.versions)
  if (!agent || !offered || version === undefined || agent.isBatched) {
    reply(from, request, welcome)
    return
  }
  const nonce = bus.nextNonce()
  const capabilities = { version, features: [], credit: INITIAL_CREDIT, nonce, instanceName: bus.instanceName }
  reply(from, request, [...welcome, welcomeArgument(capabilities)])
  agent.openChannel(nonce, offered.credit)
}
