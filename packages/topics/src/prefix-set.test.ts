import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { PrefixChanges } from './prefix-change.ts'
import { MAX_PREFIX_LENGTH, prefixProblem } from './prefix-problem.ts'
import { PrefixSet } from './prefix-set.ts'

const prefix = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 5 })
const step = fc.record({ add: fc.boolean(), prefix })

const naiveMinimal = (prefixes: Iterable<string>): string[] => {
  const all = [...new Set(prefixes)]
  return all.filter((one) => !all.some((other) => other !== one && one.startsWith(other))).sort()
}

describe('PrefixSet', () => {
  it('keeps its minimal form, and each change says how it changed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const set = new PrefixSet()
        const counts = new Map<string, number>()
        const followed = new Set<string>()
        const changes = new PrefixChanges()
        for (const { add, prefix } of steps) {
          const change = add ? set.add(prefix) : set.remove(prefix)
          changes.include(change)
          counts.set(prefix, Math.max(0, (counts.get(prefix) ?? 0) + (add ? 1 : -1)))
          for (const gone of change.removed) expect(followed.delete(gone)).toBe(true)
          for (const come of change.added) expect(followed.has(come)).toBe(false)
          for (const come of change.added) followed.add(come)
          const held = [...counts].filter(([, count]) => count > 0).map(([prefix]) => prefix)
          expect([...followed].sort()).toEqual(naiveMinimal(held))
          expect(set.minimal()).toEqual(naiveMinimal(held))
          expect([...set]).toEqual(held.sort())
          expect(set.matches(`${prefix}x`)).toBe(held.some((one) => `${prefix}x`.startsWith(one)))
        }
        expect([...changes.net().added].sort()).toEqual([...followed].sort())
        expect(changes.net().removed).toEqual([])
      }),
    )
  })

  it('gives a covered prefix back when its cover goes', () => {
    const set = new PrefixSet()
    set.add('devices/a')
    set.add('devices/b')
    expect(set.add('devices')).toEqual({ added: ['devices'], removed: ['devices/a', 'devices/b'] })
    expect(set.add('devices/c')).toEqual({ added: [], removed: [] })
    expect(set.remove('devices')).toEqual({ added: ['devices/a', 'devices/b', 'devices/c'], removed: ['devices'] })
    expect(set.remove('never added')).toEqual({ added: [], removed: [] })
  })
})

describe('prefixProblem', () => {
  it('accepts any text of at most 1,024 characters and nothing else', () => {
    expect(prefixProblem('')).toBeUndefined()
    expect(prefixProblem('x'.repeat(MAX_PREFIX_LENGTH))).toBeUndefined()
    expect(prefixProblem('x'.repeat(MAX_PREFIX_LENGTH + 1))).toMatch(/at most 1024 characters/)
    expect(prefixProblem(null)).toBe('a prefix is text, not null')
    expect(prefixProblem(7)).toBe('a prefix is text, not number')
  })
})
