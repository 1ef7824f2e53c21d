/**
 * Who is on the bus, by identity. The frames of a peer listing are kept ready, because every Python publish asks for one.
 */
import { frame } from '@volttron/vip'

export interface PeerTableListener<P> {
  onAdd(identity: string, peer: P): void
  onDrop(identity: string, peer: P): void
}

export class PeerTable<P extends object> {
  readonly #peers = new Map<string, P>()
  readonly #listeners: PeerTableListener<P>[] = []
  #listing: Uint8Array[] | undefined

  get size(): number {
    return this.#peers.size
  }

  get(identity: string): P | undefined {
    return this.#peers.get(identity)
  }

  /** Every peer, in the order of their arrival. */
  values(): IterableIterator<P> {
    return this.#peers.values()
  }

  /** @throws Error when the identity is taken: whoever adds has decided about duplicates first */
  add(identity: string, peer: P): void {
    if (this.#peers.has(identity)) throw new Error(`the peer ${identity} is already on the bus`)
    // Listeners first, as a real router does: the others hear of the newcomer, the newcomer does not.
    for (const listener of this.#listeners) listener.onAdd(identity, peer)
    this.#peers.set(identity, peer)
    this.#listing = undefined
  }

  /** Removes `peer`; a namesake that took its place meanwhile stays. */
  drop(identity: string, peer: P): boolean {
    if (this.#peers.get(identity) !== peer) return false
    this.#peers.delete(identity)
    this.#listing = undefined
    for (const listener of this.#listeners) listener.onDrop(identity, peer)
    return true
  }

  /** One frame per identity, ready to send. */
  listing(): readonly Uint8Array[] {
    this.#listing ??= [...this.#peers.keys()].map(frame)
    return this.#listing
  }

  listen(listener: PeerTableListener<P>): void {
    this.#listeners.push(listener)
  }
}
