/** `agent.vip.peerlist`: who is connected to the platform (VIP specification, section 4.3). */
import type { EventEmitter } from 'node:events'
import { frameText, Subsystem } from '@volttron/vip'
import type { Bus, Incoming } from './bus.ts'
import { ReportingEmitter } from './reporting-emitter.ts'

export interface PeerlistEvents {
  /** A peer has connected to the platform. */
  add: [peer: string]
  /** A peer is gone. */
  drop: [peer: string]
}

export class Peerlist extends ReportingEmitter<PeerlistEvents> {
  readonly #bus: Bus

  constructor(bus: Bus) {
    super(bus.report)
    this.#bus = bus
    bus.handle(Subsystem.peerlist, (message) => this.#receive(message))
    bus.onAttach(() => this.#follow())
    ;(this as EventEmitter).on('newListener', () => queueMicrotask(() => this.#follow()))
  }

  /** Identities of all peers, the agent's own among them, in no particular order. */
  async list(): Promise<string[]> {
    const [, ...peers] = await this.#bus.request(Subsystem.peerlist, ['list'], 'list of peers')
    return peers.map(frameText)
  }

  /** Asks for the events, if somebody listens: a router of ours tells only those who have asked for the list. */
  #follow(): void {
    if (!this.#bus.wire || this.listenerCount('add') + this.listenerCount('drop') === 0) return
    this.list().catch(() => {
      // Without the connection there is nothing to follow; the next one asks again.
    })
  }

  #receive({ id, args }: Incoming): void {
    const [operation = '', peer = ''] = args.slice(0, 2).map(frameText)
    if (operation === 'add' || operation === 'drop') this.tell(operation, peer)
    else this.#bus.requests.settle(frameText(id), args)
  }
}
