/** Which names the other side of a channel knows: per id, the stamp of the assignment that was announced. */
import type { Name } from './name-table.ts'

export class AnnouncedNames {
  /** Doubles count to 2^53, so that no stamp ever comes again. */
  #stamps = new Float64Array(16)

  has(name: Name): boolean {
    return name.id < this.#stamps.length && this.#stamps[name.id] === name.stamp
  }

  add(name: Name): void {
    if (name.id >= this.#stamps.length) {
      const grown = new Float64Array(Math.max(name.id + 1, this.#stamps.length * 2))
      grown.set(this.#stamps)
      this.#stamps = grown
    }
    this.#stamps[name.id] = name.stamp
  }
}
