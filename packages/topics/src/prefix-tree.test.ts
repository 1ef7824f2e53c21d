import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PrefixTree } from './prefix-tree.ts'

/** Short texts over few letters, so that they often cover, extend and split each other; and any UTF-16 text at all. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '/', 'é', '\ud83d', '\ude00'), maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const step = fc.record({ add: fc.boolean(), key })

describe('PrefixTree', () => {
  it('behaves like a map under any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), key, (steps, probe) => {
        const tree = new PrefixTree<number>()
        const model = new Map<string, number>()
        for (const [index, { add, key }] of steps.entries()) {
          if (add) {
            tree.set(key, index)
            model.set(key, index)
          } else {
            expect(tree.delete(key)).toBe(model.delete(key))
          }
          expect(tree.size).toBe(model.size)
          expect(tree.get(key)).toBe(model.get(key))
        }
        const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        expect([...tree.entriesUnder('')]).toEqual(sorted)
        expect([...tree.entriesUnder(probe)]).toEqual(sorted.filter(([key]) => key.startsWith(probe)))
        const below = sorted.map(([key]) => key).filter((key) => key.startsWith(probe) && key !== probe)
        const covered = (key: string) => below.some((other) => other !== key && key.startsWith(other))
        expect([...tree.topmostUnder(probe)]).toEqual(below.filter((key) => !covered(key)))
      }),
    )
  })

  it('visits the keys a text starts with, shortest first, and stops when told', () => {
    const tree = new PrefixTree<string>()
    for (const key of ['', 'dev', 'devices/a', 'devices/b']) tree.set(key, key)
    const seen: [string, number][] = []
    expect(tree.someKeyOf('devices/ab', (value, length) => seen.push([value, length]) > 99)).toBe(false)
    expect(seen).toEqual([
      ['', 0],
      ['dev', 3],
      ['devices/a', 9],
    ])
    expect(tree.someKeyOf('devices/ab', (value) => value === 'dev')).toBe(true)
  })

  it('takes a chain of 20,000 nested keys without overflowing the stack', () => {
    const tree = new PrefixTree<number>()
    for (let length = 1; length <= 20_000; length += 100) tree.set('x'.repeat(length), length)
    expect([...tree.entriesUnder('')]).toHaveLength(200)
    expect([...tree.topmostUnder('')]).toEqual(['x'])
  })
})
