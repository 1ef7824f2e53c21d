/**
 * Counts those at the door whom we do not know yet, so that strangers can never use up what friends need. Pure
 * book-keeping: the front door asks before it lets somebody in and says when he has left.
 */
import type { FrontDoorLimits } from './front-door-limits.ts'

export class Lobby<Guest extends object> {
  readonly #limits: FrontDoorLimits
  readonly #addresses = new Map<Guest, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #waitingForHandshake = new Set<Guest>()
  readonly #handshaking = new Set<Guest>()

  constructor(limits: FrontDoorLimits) {
    this.#limits = limits
  }

  /** How many have not authenticated. */
  get size(): number {
    return this.#addresses.size
  }

  /** Nobody can enter, from whatever address. */
  get isFull(): boolean {
    return this.size >= this.#limits.unauthenticated
  }

  /** False when the lobby is full, in all or for this address. */
  hasSeat(address: string): boolean {
    return !this.isFull && (this.#perAddress.get(address) ?? 0) < this.#limits.unauthenticatedPerAddress
  }

  /** Takes a seat; the caller has asked whether there is one. */
  enter(guest: Guest, address: string): void {
    this.#addresses.set(guest, address)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
  }

  /** Authenticated, refused or gone. Idempotent. */
  leave(guest: Guest): void {
    const address = this.#addresses.get(guest)
    if (address === undefined) return
    this.#addresses.delete(guest)
    const left = this.#perAddress.get(address)! - 1
    if (left === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, left)
    this.#waitingForHandshake.delete(guest)
    this.#handshaking.delete(guest)
  }

  /** True when the handshake may start now; otherwise the guest comes out of {@link nextHandshake} later. */
  requestHandshake(guest: Guest): boolean {
    if (this.#handshaking.size < this.#limits.handshakes) {
      this.#handshaking.add(guest)
      return true
    }
    this.#waitingForHandshake.add(guest)
    return false
  }

  /** The guest has proven its key: it is still in the lobby, but costs no handshake any more. */
  endHandshake(guest: Guest): void {
    this.#handshaking.delete(guest)
  }

  /** The next guest whose handshake may start, in order of arrival. */
  nextHandshake(): Guest | undefined {
    if (this.#handshaking.size >= this.#limits.handshakes) return undefined
    const [guest] = this.#waitingForHandshake
    if (!guest) return undefined
    this.#waitingForHandshake.delete(guest)
    this.#handshaking.add(guest)
    return guest
  }
}
