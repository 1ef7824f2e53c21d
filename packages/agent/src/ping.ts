/** `agent.vip.ping`: is a peer alive (VIP specification, section 4.2). The router asks the same of us. */
import { frameText, Subsystem } from '@volttron/vip'
import type { Bus, Incoming } from './bus.ts'
import { DEFAULT_TIMEOUT_MS } from './limits.ts'

export class Ping {
  readonly #bus: Bus

  constructor(bus: Bus) {
    this.#bus = bus
    bus.handle(Subsystem.ping, (message) => this.#receive(message))
  }

  /**
   * Asks a peer for a sign of life.
   *
   * @param peer an identity; the router itself by default
   * @returns the round trip in milliseconds
   */
  async ping(peer = '', { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<number> {
    const { now } = this.#bus.ports
    const startedAtMs = now()
    await this.#bus.request(Subsystem.ping, ['ping'], `ping of '${peer}'`, { peer, timeoutMs })
    return now() - startedAtMs
  }

  #receive(message: Incoming): void {
    const [operation, ...rest] = message.args
    // A router that finds a second connection of ours wants to know at once whether this one lives.
    if (operation && frameText(operation) === 'ping') this.#bus.answer(Subsystem.ping, message, ['pong', ...rest])
    else this.#bus.requests.settle(frameText(message.id), message.args)
  }
}
