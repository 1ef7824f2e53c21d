/**
 * What this platform wants from others: the minimal set of its subscribers' `all_platforms` prefixes. Many subscribers
 * may want a prefix, so they are counted; others hear of it only when the minimal set changes.
 */
import { type PrefixChange, PrefixChanges, PrefixSet } from '@volttron/topics'
import { InterestDigest } from './interest-digest.ts'

export type InterestListener = (change: PrefixChange) => void

/** The read side, for those who announce the interest. */
export interface Interest {
  /** The minimal prefixes, in code-unit order. */
  prefixes(): string[]
  /** Digest of {@link prefixes}, see InterestDigest. */
  readonly digest: string
  /** True when some `all_platforms` prefix matches `topic`. */
  matches(topic: string): boolean
  /** Calls back after each operation that changed the minimal set, with its net change. Returns how to stop that. */
  onChange(listener: InterestListener): () => void
}

export class LocalInterest implements Interest {
  readonly #prefixes = new PrefixSet()
  readonly #digest = new InterestDigest()
  readonly #listeners = new Set<InterestListener>()

  prefixes(): string[] {
    return this.#prefixes.minimal()
  }

  get digest(): string {
    return this.#digest.toString()
  }

  matches(topic: string): boolean {
    return this.#prefixes.matches(topic)
  }

  onChange(listener: InterestListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Counts one operation of a subscriber. Additions go first: a prefix that is replaced uncovers nothing meanwhile. */
  update(operation: PrefixChange): void {
    const changes = new PrefixChanges()
    for (const prefix of operation.added) changes.include(this.#prefixes.add(prefix))
    for (const prefix of operation.removed) changes.include(this.#prefixes.remove(prefix))
    if (changes.empty) return
    const change = changes.net()
    for (const prefix of change.removed) this.#digest.remove(prefix)
    for (const prefix of change.added) this.#digest.add(prefix)
    for (const listener of this.#listeners) listener(change)
  }
}
