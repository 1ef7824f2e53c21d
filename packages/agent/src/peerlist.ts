/** `agent.vip.peerlist`: who is connected to the platform (VIP specification, section 4.3). */
import { EventEmitter } from 'node:events'
import { frameText, Subsystem } from '@volttron/vip'
import type { Bus, Incoming } from './bus.ts'

export interface PeerlistEvents {
  /** A peer has connected to the platform. */
  add: [peer: string]
  /** A peer is gone. */
  drop: [peer: string]
}

export class Peerlist extends EventEmitter<PeerlistEvents> {
  readonly #bus: Bus

  constructor(bus: Bus) {
    super()
    this.#bus = bus
    bus.handle(Subsystem.peerlist, (message) => this.#receive(message))
  }

  /** Identities of all peers, the agent's own among them, in no particular order. */
  async list(): Promise<string[]> {
    const [, ...peers] = await this.#bus.request(Subsystem.peerlist, ['list'], 'list of peers')
    return peers.map(frameText)
  }

  #receive({ id, args }: Incoming): void {
    const [operation = '', peer = ''] = args.slice(0, 2).map(frameText)
    if (operation === 'add' || operation === 'drop') this.emit(operation, peer)
    else this.#bus.requests.settle(frameText(id), args)
  }
}
