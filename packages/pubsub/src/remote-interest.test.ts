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
  fc.record({ op: fc.constant('part' as const), platform, prefixes }),
  fc.record({ op: fc.constant('end' as const), platform }),
  fc.record({ op: fc.constant('abandon' as const), platform }),
  fc.record({ op: fc.constant('clear' as const) }),
)

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

/** What a platform holds, and what has come in of a list. */
interface Wanted {
  readonly held: ReadonlySet<string>
  readonly incoming?: ReadonlySet<string>
}
const NOTHING: Wanted = { held: new Set() }

function wantedAfter(wanted: Wanted, step: Operation): Wanted {
  const { held, incoming } = wanted
  switch (step.op) {
    case 'replace':
      return { ...wanted, held: new Set(step.prefixes) }
    case 'apply':
      return {
        ...wanted,
        held: new Set([...[...held].filter((prefix) => !step.removed.includes(prefix)), ...step.added]),
      }
    case 'drop':
      return NOTHING
    case 'part':
      return { held, incoming: new Set([...(incoming ?? []), ...step.prefixes]) }
    case 'end':
      return { held: incoming ?? held }
    case 'abandon':
      return { held }
    case 'clear':
      return wanted
  }
}

function announce(interest: RemoteInterest<string>, step: Exclude<Operation, { op: 'clear' }>): void {
  if (step.op === 'replace') interest.replace(step.platform, step.prefixes)
  else if (step.op === 'apply') interest.apply(step.platform, step)
  else if (step.op === 'drop') interest.drop(step.platform)
  else if (step.op === 'part') interest.addToList(step.platform, step.prefixes)
  else if (step.op === 'end') interest.endList(step.platform)
  else interest.abandonList(step.platform)
}

const all = ({ held, incoming }: Wanted): string[] => [...new Set([...held, ...(incoming ?? [])])].sort()

describe('RemoteInterest', () => {
  it('matches what a naive model matches, under any sequence of announcements', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), prefix, (steps, topic) => {
        const waiting: (() => void)[] = []
        const interest = new RemoteInterest<string>({ slice: 2, later: (work) => void waiting.push(work) })
        const model = new Map<string, Wanted>()
        const wanting = () =>
          [...model].filter(([, wanted]) => all(wanted).some((p) => topic.startsWith(p))).map(([name]) => name)
        let matched: string[] = []
        for (const step of steps) {
          const { version } = interest
          if (step.op === 'clear') waiting.shift()?.()
          else {
            const before = model.get(step.platform) ?? NOTHING
            const after = wantedAfter(before, step)
            announce(interest, step)
            model.set(step.platform, after)
            if (all(after).join() !== all(before).join()) expect(interest.version).toBeGreaterThan(version)
            expect(interest.count(step.platform)).toBe(all(after).length)
            expect(interest.prefixes(step.platform).sort()).toEqual(all(after))
            expect(interest.digest(step.platform)).toBe(InterestDigest.of(after.held).toString())
          }
          expect(waiting.length).toBeLessThanOrEqual(1)
          expect(interest.match(topic).sort()).toEqual(wanting().sort())
          // What somebody has kept of a match is right as long as the version is the same.
          if (interest.version === version) expect(interest.match(topic).sort()).toEqual(matched)
          matched = interest.match(topic).sort()
        }
        for (let work = waiting.shift(); work; work = waiting.shift()) work()
        expect(interest.match(topic).sort()).toEqual(wanting().sort())
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

  it('refuses a list that grows too long, and keeps the one before', () => {
    const interest = new RemoteInterest<string>({ maxPerPlatform: 2 })
    interest.replace('site-a', ['a', 'b'])
    expect(interest.addToList('site-a', ['c', 'd', 'c'])).toBeUndefined()
    expect(interest.addToList('site-a', ['a'])?.code).toBe('too-many-prefixes')
    expect(interest.addToList('site-a', [7 as unknown as string])?.code).toBe('bad-prefix')
    interest.abandonList('site-a')
    expect([interest.prefixes('site-a'), interest.match('cd')]).toEqual([['a', 'b'], []])
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
