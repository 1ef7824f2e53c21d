/**
 * Digest of a set of prefixes: the sum of their hashes modulo 2^64. It does not depend on the order and follows each
 * change in constant time, so two platforms can compare what one announced with what the other holds, and mend drift.
 *
 * A sum and not XOR: with XOR anybody could choose 65 prefixes of which some cancel each other out.
 */
import { hash } from 'node:crypto'

export class InterestDigest {
  #high = 0
  #low = 0
  #count = 0

  static of(prefixes: Iterable<string>): InterestDigest {
    const digest = new InterestDigest()
    for (const prefix of prefixes) digest.add(prefix)
    return digest
  }

  /** Takes in a prefix that is not in the set yet. */
  add(prefix: string): void {
    const bytes = hashOf(prefix)
    const low = this.#low + bytes.readUInt32BE(4)
    this.#high = (this.#high + bytes.readUInt32BE(0) + (low > 0xffffffff ? 1 : 0)) >>> 0
    this.#low = low >>> 0
    this.#count++
  }

  /** Takes out a prefix of the set. */
  remove(prefix: string): void {
    const bytes = hashOf(prefix)
    const low = this.#low - bytes.readUInt32BE(4)
    this.#high = (this.#high - bytes.readUInt32BE(0) - (low < 0 ? 1 : 0)) >>> 0
    this.#low = low >>> 0
    this.#count--
  }

  /** `<number of prefixes>-<16 hexadecimal digits>`; equal for equal sets. */
  toString(): string {
    return `${this.#count}-${hex(this.#high)}${hex(this.#low)}`
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0')

/** SHA-256 of the UTF-16LE form: unlike UTF-8, it tells lone surrogates apart. */
const hashOf = (prefix: string): Buffer => hash('sha256', Buffer.from(prefix, 'utf16le'), 'buffer')
