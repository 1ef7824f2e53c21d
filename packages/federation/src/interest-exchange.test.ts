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
  const remote = new RemoteInterest<typeof them>()
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
  return { table, remote, listener, link, announcer, subscribe, unsubscribe }
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

  it('splits a long list into messages that take effect together', () => {
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
    const { remote, listener } = exchange()
    const part = (sequence: number, added: string[], more: boolean): InterestMessage => ({
      op: 'interest',
      sequence,
      full: true,
      more,
      added,
      removed: [],
      digest: '',
    })
    listener.hear(part(1, ['good'], false))
    const many = (from: number) => Array.from({ length: 10_000 }, (_, at) => `p/${from + at}`)
    let sequence = 1
    for (let at = 0; at < MAX_INTEREST + 10_000; at += 10_000) listener.hear(part(++sequence, many(at), true))
    expect(listener.hear(part(++sequence, [], false))).toBe('too-many')
    expect(remote.prefixes(them)).toEqual(['good'])
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
