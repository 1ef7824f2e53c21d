import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { InterestDigest } from './interest-digest.ts'
import { RemoteInterest } from './remote-interest.ts'

const platform = fc.constantFrom('site-a', 'site-b', 'site-c')
const prefix = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 })
const prefixes = fc.array(prefix, { maxLength: 5 })
const operation = fc.oneof(
  fc.record({ op: fc.constant('replace' as const), platform, prefixes }),
  fc.record({ op: fc.constant('apply' as const), platform, added: prefixes, removed: prefixes }),
  fc.record({ op: fc.constant('drop' as const), platform }),
)

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

function wantedAfter(held: ReadonlySet<string>, step: Operation): Set<string> {
  if (step.op === 'replace') return new Set(step.prefixes)
  if (step.op === 'drop') return new Set()
  return new Set([...[...held].filter((prefix) => !step.removed.includes(prefix)), ...step.added])
}

function announce(interest: RemoteInterest<string>, step: Operation): void {
  if (step.op === 'replace') interest.replace(step.platform, step.prefixes)
  else if (step.op === 'apply') interest.apply(step.platform, step)
  else interest.drop(step.platform)
}

describe('RemoteInterest', () => {
  it('matches what a naive model matches, under any sequence of announcements', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), prefix, (steps, topic) => {
        const interest = new RemoteInterest<string>()
        const model = new Map<string, Set<string>>()
        for (const step of steps) {
          const held = model.get(step.platform) ?? new Set<string>()
          const next = wantedAfter(held, step)
          const version = interest.version
          announce(interest, step)
          const changed = next.size !== held.size || [...next].some((prefix) => !held.has(prefix))
          expect(interest.version !== version).toBe(changed)
          model.set(step.platform, next)
          expect(interest.count(step.platform)).toBe(next.size)
          expect(interest.prefixes(step.platform).sort()).toEqual([...next].sort())
          expect(interest.digest(step.platform)).toBe(InterestDigest.of(next).toString())
        }
        const wanting = [...model]
          .filter(([, held]) => [...held].some((p) => topic.startsWith(p)))
          .map(([name]) => name)
        expect(interest.match(topic).sort()).toEqual(wanting.sort())
      }),
    )
  })

  it('forgets a platform that is gone', () => {
    const interest = new RemoteInterest<string>()
    interest.replace('site-a', ['a'])
    expect([interest.drop('site-a'), interest.drop('site-a')]).toEqual([true, false])
    expect(interest.match('abc')).toEqual([])
    expect(interest.count('site-a')).toBe(0)
  })

  it('refuses a bad prefix and more prefixes than a platform may announce, and keeps what it had', () => {
    const interest = new RemoteInterest<string>({ maxPerPlatform: 2 })
    interest.replace('site-a', ['a', 'b'])
    expect(interest.replace('site-a', ['a', 'b', 'c'])?.code).toBe('too-many-prefixes')
    expect(interest.apply('site-a', { added: ['c'], removed: [] })?.code).toBe('too-many-prefixes')
    expect(interest.replace('site-a', [null as unknown as string])?.code).toBe('bad-prefix')
    expect(interest.prefixes('site-a')).toEqual(['a', 'b'])
    expect(interest.apply('site-a', { added: ['c'], removed: ['a'] })).toBeUndefined()
    expect(interest.prefixes('site-a')).toEqual(['b', 'c'])
  })
})
