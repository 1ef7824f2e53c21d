/**
 * A counted set of prefixes that knows its minimal form: the prefixes that no shorter one of the set covers. Those are
 * what has to be announced to another platform. Each change costs the length of the prefix and the size of the change.
 */
import { NO_PREFIX_CHANGE, type PrefixChange } from './prefix-change.ts'
import { PrefixTree } from './prefix-tree.ts'

export class PrefixSet {
  readonly #counts = new PrefixTree<number>()

  /** Number of distinct prefixes. */
  get size(): number {
    return this.#counts.size
  }

  has(prefix: string): boolean {
    return this.#counts.get(prefix) !== undefined
  }

  /** Counts `prefix` once more; returns what that changes in {@link minimal}. */
  add(prefix: string): PrefixChange {
    const count = this.#counts.get(prefix) ?? 0
    this.#counts.set(prefix, count + 1)
    if (count > 0 || this.#isCovered(prefix)) return NO_PREFIX_CHANGE
    return { added: [prefix], removed: [...this.#counts.topmostUnder(prefix)] }
  }

  /** Counts `prefix` once less, if it is in the set at all; returns what that changes in {@link minimal}. */
  remove(prefix: string): PrefixChange {
    const count = this.#counts.get(prefix) ?? 0
    if (count === 0) return NO_PREFIX_CHANGE
    if (count > 1) {
      this.#counts.set(prefix, count - 1)
      return NO_PREFIX_CHANGE
    }
    this.#counts.delete(prefix)
    if (this.#isCovered(prefix)) return NO_PREFIX_CHANGE
    return { added: [...this.#counts.topmostUnder(prefix)], removed: [prefix] }
  }

  /** True when some prefix of the set matches `topic`. */
  matches(topic: string): boolean {
    return this.#counts.someKeyOf(topic, () => true)
  }

  /** The prefixes that no shorter one of the set covers, in code-unit order. */
  minimal(): string[] {
    return this.has('') ? [''] : [...this.#counts.topmostUnder('')]
  }

  /** Every distinct prefix, in code-unit order. The set must not change meanwhile. */
  *[Symbol.iterator](): Generator<string> {
    for (const [key] of this.#counts.entriesUnder('')) yield key
  }

  /** True when a prefix of the set that is shorter than `prefix` covers it. */
  #isCovered(prefix: string): boolean {
    return this.#counts.someKeyOf(prefix, (_count, length) => length < prefix.length)
  }
}
