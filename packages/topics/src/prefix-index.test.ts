import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PrefixIndex } from './prefix-index.ts'

const prefix = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ü'), maxLength: 5 })
const value = fc.integer({ min: 0, max: 4 })

describe('PrefixIndex', () => {
  it('matches what a naive startsWith scan matches, under any sequence of changes', () => {
    const step = fc.record({ add: fc.boolean(), prefix, value })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(prefix, { minLength: 1 }), (steps, topics) => {
        const index = new PrefixIndex<number>()
        const model = new Map<string, Set<number>>()
        for (const { add, prefix, value } of steps) {
          const values = model.get(prefix) ?? new Set()
          if (add) {
            expect(index.add(prefix, value)).toBe(!values.has(value))
            model.set(prefix, values.add(value))
          } else {
            expect(index.remove(prefix, value)).toBe(values.delete(value))
            if (values.size === 0) model.delete(prefix)
          }
          expect(index.has(prefix, value)).toBe(add)
          expect([...index.values(prefix)].sort()).toEqual([...(model.get(prefix) ?? [])].sort())
        }
        expect(index.size).toBe(model.size)
        for (const topic of topics) {
          const prefixes = [...model.keys()].filter((prefix) => topic.startsWith(prefix))
          const expected = new Set(prefixes.flatMap((prefix) => [...model.get(prefix)!]))
          const found = index.match(topic)
          expect(found).toHaveLength(expected.size)
          expect(new Set(found)).toEqual(expected)
          expect(index.prefixesOf(topic)).toEqual(prefixes.sort((a, b) => a.length - b.length))
          expect(index.prefixesUnder(topic)).toEqual([...model.keys()].filter((p) => p.startsWith(topic)).sort())
        }
        expect([...index]).toHaveLength([...model.values()].reduce((sum, values) => sum + values.size, 0))
      }),
    )
  })

  it('knows no boundary at a slash and matches everything by the empty prefix', () => {
    const index = new PrefixIndex<string>()
    index.add('devices/a', 'one')
    index.add('', 'all')
    expect(index.match('devices/ab')).toEqual(['all', 'one'])
    expect(index.match('devices/')).toEqual(['all'])
    expect(index.match('')).toEqual(['all'])
  })

  it('files objects by identity', () => {
    const index = new PrefixIndex<object>()
    const [first, second] = [{}, {}]
    index.add('a', first)
    index.add('a', second)
    index.add('ab', first)
    expect(index.match('abc')).toEqual([first, second])
  })
})
