/**
 * Interning of topics and routes on the sending side: one small number per name and platform, shared by all connections.
 *
 * The table is bounded. When it is full, the oldest name that was not asked for again since the last round loses its
 * number to the newcomer. Every assignment has a stamp of its own, and each channel remembers the stamp it has announced
 * per number, so a number that changed hands is announced anew before it is used: nothing else has to know.
 */
import { MAX_NAME_ID } from '@volttron/vip'

export interface Name {
  readonly id: number
  /** Unique per assignment of an id; what a channel compares to know whether the other side has the definition. */
  readonly stamp: number
  readonly text: string
}

/** Bookkeeping that the table adds to a name. */
interface Slot<N extends Name> {
  readonly name: N
  usedAgain: boolean
}

export class NameTable<N extends Name = Name> {
  readonly #create: (name: Name) => N
  readonly #limit: number
  readonly #byText = new Map<string, Slot<N>>()
  readonly #byId: Slot<N>[] = []
  #hand = 0
  #stamp = 0

  /**
   * @param create makes the entry; a caller may hang its own per-name state on it, which goes when the name goes
   * @param limit names held at a time, at most 65,536
   */
  constructor(create: (name: Name) => N, limit = MAX_NAME_ID + 1) {
    this.#create = create
    this.#limit = Math.min(limit, MAX_NAME_ID + 1)
  }

  get size(): number {
    return this.#byText.size
  }

  /** The entry of `text`, made when there is none. */
  intern(text: string): N {
    const known = this.#byText.get(text)
    if (known) {
      known.usedAgain = true
      return known.name
    }
    const id = this.#byId.length < this.#limit ? this.#byId.length : this.#evict()
    const slot: Slot<N> = { name: this.#create({ id, stamp: ++this.#stamp, text }), usedAgain: false }
    this.#byId[id] = slot
    this.#byText.set(text, slot)
    return slot.name
  }

  /** The clock algorithm: a name used again since the hand last passed gets a second chance. */
  #evict(): number {
    for (;;) {
      const slot = this.#byId[this.#hand]!
      const id = this.#hand
      this.#hand = (this.#hand + 1) % this.#limit
      if (slot.usedAgain) {
        slot.usedAgain = false
        continue
      }
      this.#byText.delete(slot.name.text)
      return id
    }
  }
}
