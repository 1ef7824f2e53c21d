import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { InterestDigest } from './interest-digest.ts'

const prefixes = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 20 })

describe('InterestDigest', () => {
  it('is equal exactly for equal sets', () => {
    fc.assert(
      fc.property(prefixes, prefixes, (one, other) => {
        const equal = one.length === other.length && one.every((prefix) => other.includes(prefix))
        expect(InterestDigest.of(one).toString() === InterestDigest.of(other).toString()).toBe(equal)
        expect(InterestDigest.of([...one].reverse()).toString()).toBe(InterestDigest.of(one).toString())
      }),
    )
  })

  it('follows additions and removals, in any order', () => {
    fc.assert(
      fc.property(prefixes, fc.func(fc.boolean()), (all, keep) => {
        const kept = all.filter((prefix) => keep(prefix))
        const digest = InterestDigest.of(all)
        for (const prefix of all) if (!keep(prefix)) digest.remove(prefix)
        expect(digest.toString()).toBe(InterestDigest.of(kept).toString())
      }),
    )
  })

  it('is text that another implementation can compute', () => {
    expect(new InterestDigest().toString()).toBe('0-0000000000000000')
    // The first 8 bytes of the SHA-256 of no bytes.
    expect(InterestDigest.of(['']).toString()).toBe('1-e3b0c44298fc1c14')
  })
})
