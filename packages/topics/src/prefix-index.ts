/**
 * Who wants what: values filed under prefixes, found by topic. VOLTTRON matches by plain text prefix, so `devices/a`
 * matches `devices/ab`, and the empty prefix matches every topic.
 */
import { PrefixTree } from './prefix-tree.ts'

/**
 * Two or more values under one prefix. A lone value is filed bare: most prefixes have one, and a set costs 200 bytes.
 */
class Several<T> extends Set<T> {}

export class PrefixIndex<T extends object | string | number> {
  readonly #tree = new PrefixTree<T | Several<T>>()

  /** Number of distinct prefixes. */
  get size(): number {
    return this.#tree.size
  }

  /** Files `value` under `prefix`; returns `false` when it was there already. */
  add(prefix: string, value: T): boolean {
    const filed = this.#tree.get(prefix)
    if (filed === undefined) this.#tree.set(prefix, value)
    else if (filed instanceof Several) {
      if (filed.has(value)) return false
      filed.add(value)
    } else {
      if (filed === value) return false
      this.#tree.set(prefix, new Several([filed, value]))
    }
    return true
  }

  /** Takes `value` from `prefix`; returns `false` when it was not there. */
  remove(prefix: string, value: T): boolean {
    const filed = this.#tree.get(prefix)
    if (!(filed instanceof Several)) return filed === value && this.#tree.delete(prefix)
    if (!filed.delete(value)) return false
    if (filed.size === 1) {
      const [last] = filed
      this.#tree.set(prefix, last!)
    }
    return true
  }

  has(prefix: string, value: T): boolean {
    const filed = this.#tree.get(prefix)
    return filed instanceof Several ? filed.has(value) : filed !== undefined && filed === value
  }

  /** The distinct values of every prefix that `topic` starts with. Costs the topic's length, whatever is filed. */
  match(topic: string): T[] {
    const found: T[] = []
    this.collect(topic, found)
    return found.length > 1 ? [...new Set(found)] : found
  }

  /** Appends to `into` the values of every prefix that `topic` starts with; one may come several times. */
  collect(topic: string, into: T[]): void {
    this.#tree.someKeyOf(topic, (filed) => {
      if (filed instanceof Several) for (const value of filed) into.push(value)
      else into.push(filed)
      return false
    })
  }

  /** The values filed under exactly this prefix. */
  values(prefix: string): readonly T[] {
    const filed = this.#tree.get(prefix)
    if (filed === undefined) return []
    return filed instanceof Several ? [...filed] : [filed]
  }

  /** Stored prefixes that start with `prefix`, in code-unit order. */
  prefixesUnder(prefix: string): string[] {
    return Array.from(this.#tree.entriesUnder(prefix), ([key]) => key)
  }

  /** Stored prefixes that `topic` starts with, shortest first. */
  prefixesOf(topic: string): string[] {
    const found: string[] = []
    this.#tree.someKeyOf(topic, (_filed, length) => {
      found.push(topic.slice(0, length))
      return false
    })
    return found
  }

  /** Every (prefix, value) pair, in code-unit order of the prefixes. The index must not change meanwhile. */
  *[Symbol.iterator](): Generator<[prefix: string, value: T]> {
    for (const [key, filed] of this.#tree.entriesUnder('')) {
      if (filed instanceof Several) for (const value of filed) yield [key, value]
      else yield [key, filed]
    }
  }
}
