/** `agent.vip.hello`: introduce oneself to a peer (VIP specification, section 4.1). */
import { frameText, Subsystem } from '@volttron/vip'
import type { Bus, Incoming } from './bus.ts'

export interface Welcome {
  /** Version of the VIP protocol: `1.0`. */
  readonly version: string
  /** Id of the router, or identity of the peer. */
  readonly peer: string
  /** How the other side calls us. */
  readonly identity: string
}

const VIP_VERSION = '1.0'

/** Makes the `hello` function of an agent, and lets it answer the hello of others. */
export function createHello(bus: Bus): (peer?: string) => Promise<Welcome> {
  bus.handle(Subsystem.hello, (message: Incoming) => {
    const [operation] = message.args
    if (operation && frameText(operation) === 'welcome') bus.requests.settle(frameText(message.id), message.args)
    else bus.answer(Subsystem.hello, message, ['welcome', VIP_VERSION, bus.identity, message.peer])
  })
  return async (peer = '') => {
    const args = await bus.request(Subsystem.hello, ['hello'], `hello to '${peer}'`, { peer })
    const [, version = '', name = '', identity = ''] = args.map(frameText)
    return { version, peer: name, identity }
  }
}
