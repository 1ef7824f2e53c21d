/**
 * Those for whom the lobby has no seat now. Waiting costs one descriptor: nothing is read from a guest here and nothing is
 * sent. Addresses take turns, so whoever sends a crowd makes the crowd wait and nobody else. Pure book-keeping, as the lobby.
 */
export class WaitingRoom<Guest extends object> {
  readonly #places: number
  /** Guests of each address, oldest first; the address whose turn is next comes first. */
  readonly #queues = new Map<string, Set<Guest>>()
  #size = 0

  constructor(places: number) {
    this.#places = places
  }

  get size(): number {
    return this.#size
  }

  /**
   * When the room is full, the last guest of the address with the most must leave it, unless that is the newcomer's address.
   *
   * @returns who finds no place: the newcomer, the guest who had to leave, or `undefined`
   */
  enter(guest: Guest, address: string): Guest | undefined {
    const evicted = this.#size >= this.#places ? this.#evict(address) : undefined
    if (this.#size >= this.#places) return guest
    const queue = this.#queues.get(address) ?? new Set()
    this.#queues.set(address, queue.add(guest))
    this.#size++
    return evicted
  }

  /** Idempotent. */
  leave(guest: Guest, address: string): void {
    const queue = this.#queues.get(address)
    if (!queue?.delete(guest)) return
    this.#size--
    if (queue.size === 0) this.#queues.delete(address)
  }

  /** Takes the oldest guest of the next address that `hasSeat`; that address comes last then. */
  next(hasSeat: (address: string) => boolean): Guest | undefined {
    for (const [address, queue] of this.#queues) {
      if (!hasSeat(address)) continue
      const [guest] = queue
      this.leave(guest!, address)
      if (this.#queues.delete(address)) this.#queues.set(address, queue)
      return guest
    }
    return undefined
  }

  #evict(newcomer: string): Guest | undefined {
    let [largest, most] = [newcomer, (this.#queues.get(newcomer)?.size ?? 0) + 1]
    for (const [address, { size }] of this.#queues) if (size > most) [largest, most] = [address, size]
    if (largest === newcomer) return undefined
    const last = [...this.#queues.get(largest)!].at(-1)!
    this.leave(last, largest)
    return last
  }
}
