/** What changed in a set of prefixes. `added` and `removed` never share a prefix. */
export interface PrefixChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export const NO_PREFIX_CHANGE: PrefixChange = { added: [], removed: [] }

/** Sums up changes in order of their coming; what was added and taken back (or the reverse) leaves no trace. */
export class PrefixChanges {
  readonly #added = new Set<string>()
  readonly #removed = new Set<string>()

  include(change: PrefixChange): void {
    for (const prefix of change.removed) if (!this.#added.delete(prefix)) this.#removed.add(prefix)
    for (const prefix of change.added) if (!this.#removed.delete(prefix)) this.#added.add(prefix)
  }

  get empty(): boolean {
    return this.#added.size === 0 && this.#removed.size === 0
  }

  net(): PrefixChange {
    return this.empty ? NO_PREFIX_CHANGE : { added: [...this.#added], removed: [...this.#removed] }
  }
}
