import { describe, expect, it } from '@jest/globals'
import { RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import fc from 'fast-check'
import type { InterestMessage } from './control-message.ts'
import { InterestAnnouncer, InterestListener, MAX_INTEREST } from './interest-exchange.ts'

const agent = {}
const them = { name: 'them' }

/** One side announces, the other listens; `link.full` makes the way between them take no more. */
function exchange() {
  const table = new SubscriptionTable<object>({ maxPerSubscriber: 300_000 })
  const waiting: (() => void)[] = []
  const remote = new RemoteInterest<typeof them>({
    maxPerPlatform: MAX_INTEREST,
    later: (work) => void waiting.push(work),
  })
  const listener = new InterestListener(remote, them)
  const link = { full: false, lose: false, sent: [] as InterestMessage[], heard: [] as string[] }
  const announcer = new InterestAnnouncer(table.interest, (message) => {
    if (link.full) return false
    link.sent.push(message)
    if (!link.lose) link.heard.push(listener.hear(message))
    return true
  })
  table.interest.onChange((change) => announcer.announce(change))
  const subscribe = (...prefixes: string[]) => table.subscribe(agent, prefixes, { allPlatforms: true })
  const unsubscribe = (...prefixes: string[]) => table.unsubscribe(agent, prefixes, 'all')
  return { table, remote, listener, link, announcer, subscribe, unsubscribe, waiting }
}

const many = (from: number, count: number) => Array.from({ length: count }, (_, at) => `p/${from + at}`)

/** The listening side alone, and messages for it in their order. */
function listening() {
  const { remote, listener, waiting } = exchange()
  let sequence = 0
  const part = (given: Partial<InterestMessage>): InterestMessage => ({
    op: 'interest',
    sequence: ++sequence,
    full: false,
    more: false,
    added: [],
    removed: [],
    digest: '',
    ...given,
  })
  return { remote, listener, part, waiting }
}

describe('the exchange of interest', () => {
  it('announces the minimal list first and then what changes', () => {
    const { remote, link, announcer, subscribe } = exchange()
    subscribe('devices/a', 'devices')
    link.sent.length = 0
    announcer.announceAll()
    expect(link.sent.at(-1)).toMatchObject({ full: true, more: false, added: ['devices'] })
    subscribe('alarms')
    expect(link.sent.at(-1)).toMatchObject({ full: false, added: ['alarms'], removed: [] })
    expect(remote.prefixes(them).sort()).toEqual(['alarms', 'devices'])
    expect(link.heard.at(-1)).toBe('current')
  })

  it('splits a long list into messages', () => {
    const { remote, link, announcer, subscribe } = exchange()
    announcer.announceAll()
    link.heard.length = 0
    subscribe(...Array.from({ length: 5_000 }, (_, at) => `prefix/${at}/`))
    expect(link.heard).toEqual(['partial', 'partial', 'partial', 'partial', 'current'])
    expect(remote.count(them)).toBe(5_000)
  })

  it('goes on where it stopped when there is room again', () => {
    const { table, remote, link, announcer, subscribe, unsubscribe } = exchange()
    announcer.announceAll()
    link.full = true
    for (let at = 0; at < 200; at++) subscribe(`p/${at}`)
    unsubscribe('p/7')
    link.full = false
    announcer.resume()
    expect(remote.digest(them)).toBe(table.interest.digest)
    expect(announcer.announced).toBe(table.interest.digest)
  })

  it('notices a lost change by its number and by the heartbeat, and is mended by the whole list', () => {
    const { table, remote, listener, link, announcer, subscribe } = exchange()
    announcer.announceAll()
    link.lose = true
    subscribe('lost')
    link.lose = false
    expect(listener.check(announcer.sequence, announcer.announced)).toBe('drifted')
    subscribe('next')
    expect(link.heard.at(-1)).toBe('drifted')
    announcer.announceAll()
    expect(remote.digest(them)).toBe(table.interest.digest)
    expect(listener.check(announcer.sequence, announcer.announced)).toBe('current')
  })

  it('keeps the last good list of a platform that wants too much', () => {
    const { remote, listener, part } = listening()
    listener.hear(part({ full: true, added: ['good', 'old'] }))
    for (const full of [true, false]) {
      listener.hear(part({ full, more: true, added: ['new'], removed: full ? [] : ['old'] }))
      for (let at = 0; at < MAX_INTEREST; at += 10_000)
        listener.hear(part({ full, more: true, added: many(at, 10_000) }))
      expect(listener.hear(part({ full }))).toBe('too-many')
      expect(remote.prefixes(them).sort()).toEqual(['good', 'old'])
    }
    listener.hear(part({ full: true, added: ['next'] }))
    expect(remote.prefixes(them)).toEqual(['next'])
  })

  it('takes in each part as it comes, and drops what a whole list no longer names with its last', () => {
    const { remote, listener, part } = listening()
    listener.hear(part({ full: true, added: ['a', 'b'] }))
    expect(listener.hear(part({ full: true, more: true, added: ['c'] }))).toBe('partial')
    expect(remote.prefixes(them)).toEqual(['a', 'b', 'c'])
    // A heartbeat in between is no reason to ask for the list again.
    expect(listener.check(2, remote.digest(them))).toBe('partial')
    listener.hear(part({ full: true, added: ['b'] }))
    expect(remote.prefixes(them)).toEqual(['c', 'b'])
  })

  it('takes the longest list in the place of another of that length', () => {
    const { remote, listener, part } = listening()
    for (const from of [0, MAX_INTEREST]) {
      for (let at = 0; at < MAX_INTEREST; at += 10_000)
        listener.hear(part({ full: true, more: true, added: many(from + at, 10_000) }))
      expect(listener.hear(part({ full: true }))).not.toBe('too-many')
    }
    expect(remote.count(them)).toBe(MAX_INTEREST)
    expect(remote.has(them, `p/${MAX_INTEREST}`)).toBe(true)
  })

  it('is over at once for topics when it is replaced, and forgotten a little at a time', () => {
    const { remote, listener, part, waiting } = listening()
    const list = (from: number) => {
      for (let at = 0; at < 10_000; at += 1_000)
        listener.hear(part({ full: true, more: true, added: many(from + at, 1_000) }))
      listener.hear(part({ full: true }))
    }
    list(0)
    expect(waiting).toHaveLength(0)
    list(5_000)
    // Half of it stays; what has gone is not found, though most of it is still to be cleared.
    expect([remote.count(them), remote.match('p/4999'), remote.match('p/14999')]).toEqual([10_000, [], [them]])
    let slices = 0
    for (let work = waiting.shift(); work; work = waiting.shift()) {
      slices++
      if (slices === 2) listener.hear(part({ added: ['p/4999'], removed: ['p/14999'] }))
      work()
    }
    expect(slices).toBe(10)
    expect([remote.count(them), remote.match('p/4999'), remote.match('p/14999')]).toEqual([10_000, [them], []])
  })

  it('is not wanted when a change comes in the middle of a list', () => {
    const { remote, listener, part } = listening()
    listener.hear(part({ full: true, added: ['a'] }))
    listener.hear(part({ full: true, more: true, added: ['b'] }))
    expect(listener.hear(part({ added: ['c'] }))).toBe('drifted')
    expect(remote.prefixes(them)).toEqual(['a', 'c'])
  })

  it('leads to the same list however it is split', () => {
    const prefix = fc.constantFrom('', 'a', 'a/b', 'a/c', 'b', 'b/x', 'c')
    const parts = fc.array(fc.record({ added: fc.array(prefix), removed: fc.array(prefix) }), {
      minLength: 1,
      maxLength: 4,
    })
    const announcement = fc.record({ full: fc.boolean(), parts })
    const applied = (wanted: string[], added: string[], removed: string[]) => [
      ...new Set([...wanted.filter((one) => !removed.includes(one)), ...added]),
    ]
    fc.assert(
      fc.property(fc.array(announcement, { maxLength: 8 }), (announcements) => {
        const { remote, listener, part } = listening()
        let wanted: string[] = []
        for (const { full, parts } of announcements) {
          if (full) wanted = []
          for (const [at, { added, removed: named }] of parts.entries()) {
            const removed = full ? [] : named
            wanted = applied(wanted, added, removed)
            listener.hear(part({ full, more: at < parts.length - 1, added, removed }))
          }
          expect(remote.prefixes(them).sort()).toEqual(wanted.sort())
        }
      }),
    )
  })

  it('converges after any changes, losses and pauses, once the list was asked for', () => {
    const prefix = fc.constantFrom('', 'a', 'a/b', 'a/c', 'b', 'b/x')
    const step = fc.tuple(fc.constantFrom('subscribe', 'unsubscribe', 'full', 'free', 'lose', 'keep'), prefix)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { table, remote, listener, link, announcer, subscribe, unsubscribe } = exchange()
        announcer.announceAll()
        for (const [what, about] of steps) {
          if (what === 'subscribe') subscribe(about)
          if (what === 'unsubscribe') unsubscribe(about)
          if (what === 'full') link.full = true
          if (what === 'free') link.full = false
          if (what === 'lose') link.lose = true
          if (what === 'keep') link.lose = false
        }
        link.full = false
        link.lose = false
        announcer.resume()
        announcer.verify()
        if (listener.check(announcer.sequence, announcer.announced) === 'drifted') announcer.announceAll()
        expect(remote.digest(them)).toBe(table.interest.digest)
      }),
    )
  })
})
