import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type Name, NameTable } from './name-table.ts'

const table = (limit?: number) => new NameTable<Name>((name) => name, limit)

describe('a table of names', () => {
  it('is bounded, gives each name one number, and never the same stamp twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (asked, limit) => {
        const names = table(limit)
        const held = new Map<number, Name>()
        const stamps = new Set<number>()
        for (const number of asked) {
          const name = names.intern(`n${number}`)
          expect(name.text).toBe(`n${number}`)
          expect(name.id).toBeLessThan(limit)
          const before = held.get(name.id)
          if (before !== name) {
            // A new assignment: nobody else may hold the name under another number.
            expect([...held.values()].filter(({ text, id }) => text === name.text && id !== name.id)).toEqual([])
            expect(stamps.has(name.stamp)).toBe(false)
            stamps.add(name.stamp)
            held.set(name.id, name)
          }
          expect(names.size).toBe(held.size)
        }
      }),
    )
  })

  it('gives back the same entry while it holds the name', () => {
    const names = table()
    expect(names.intern('a')).toBe(names.intern('a'))
    expect(names.intern('')).not.toBe(names.intern('a'))
  })

  it('parts with names nobody asks for before those in use', () => {
    const names = table(3)
    const used = names.intern('used')
    for (let at = 0; at < 100; at++) {
      names.intern(`passing/${at}`)
      expect(names.intern('used')).toBe(used)
    }
    expect(names.size).toBe(3)
  })

  it('finds a place even when every name is in use', () => {
    const names = table(3)
    for (const text of ['a', 'b', 'c', 'a', 'b', 'c']) names.intern(text)
    expect(names.intern('d').id).toBe(0)
    expect(names.intern('a').text).toBe('a')
    expect(names.size).toBe(3)
  })

  it('holds no more names than a peer may number', () => {
    const names = table(1_000_000)
    const ids = Array.from({ length: 65_537 }, (_, at) => names.intern(`n${at}`).id)
    expect(Math.max(...new Set(ids))).toBe(65_535)
    expect(names.size).toBe(65_536)
  })
})
