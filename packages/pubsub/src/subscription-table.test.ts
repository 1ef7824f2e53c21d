import { describe, expect, it } from '@jest/globals'
import type { PrefixChange } from '@volttron/topics'
import { SubscriptionTable } from './subscription-table.ts'

const [ada, bob] = [{ name: 'ada' }, { name: 'bob' }]

describe('SubscriptionTable', () => {
  it('delivers a local message once to internal and all-platforms subscribers alike', () => {
    const table = new SubscriptionTable()
    table.subscribe(ada, ['devices', 'devices/a'])
    table.subscribe(ada, ['dev'], { allPlatforms: true })
    table.subscribe(bob, ['devices/ab'], { allPlatforms: true })
    expect(table.match('devices/abc')).toEqual([ada, bob])
    expect(table.match('other')).toEqual([])
  })

  it('shows a message from another platform only to those who asked for all platforms', () => {
    const table = new SubscriptionTable()
    table.subscribe(ada, [''])
    table.subscribe(bob, [''], { allPlatforms: true })
    expect(table.matchRemote('any/topic')).toEqual([bob])
  })

  it('counts an operation as a change only when it had an effect', () => {
    const table = new SubscriptionTable()
    table.subscribe(ada, ['a', 'a', 'b'])
    expect(table.version).toBe(1)
    table.subscribe(ada, ['b', 'a'])
    table.unsubscribe(ada, ['c'], 'internal')
    table.unsubscribe(ada, undefined, 'all')
    table.synchronize(ada, { internal: ['b', 'a'], all: [] })
    table.drop(bob)
    expect(table.version).toBe(1)
    expect(table.drop(ada)).toBe(true)
    expect(table.version).toBe(2)
  })

  it('removes the named prefixes, or all of the scope when none is named', () => {
    const table = new SubscriptionTable()
    table.subscribe(ada, ['a', 'b', 'c'])
    table.subscribe(ada, ['a'], { allPlatforms: true })
    expect(table.unsubscribe(ada, ['b'], 'internal')).toBe(true)
    expect(table.list(ada).map(([, topic]) => topic)).toEqual(['a', 'c'])
    table.unsubscribe(ada, undefined, 'internal')
    expect(table.list(ada).map(([, topic]) => topic)).toEqual(['a'])
    expect(table.interest.prefixes()).toEqual(['a'])
  })

  it('reports one net interest change per operation, and none when the minimal set stays', () => {
    const table = new SubscriptionTable()
    const changes: PrefixChange[] = []
    const stop = table.interest.onChange((change) => changes.push(change))
    table.subscribe(ada, ['devices/a', 'devices/b', 'devices/a/1'], { allPlatforms: true })
    expect(changes.pop()).toEqual({ added: ['devices/a', 'devices/b'], removed: [] })
    table.subscribe(bob, ['devices/a'], { allPlatforms: true })
    table.subscribe(bob, ['devices'])
    expect(changes).toEqual([])
    table.synchronize(ada, { internal: [], all: ['devices'] })
    expect(changes.pop()).toEqual({ added: ['devices'], removed: ['devices/a', 'devices/b'] })
    table.drop(ada)
    expect(changes.pop()).toEqual({ added: ['devices/a'], removed: ['devices'] })
    stop()
    table.drop(bob)
    expect(changes).toEqual([])
    expect(table.interest.prefixes()).toEqual([])
  })

  it('refuses a whole operation when one prefix is bad, and changes nothing', () => {
    const table = new SubscriptionTable()
    const bad = [null, 7, 'x'.repeat(1025)] as unknown as string[]
    for (const prefix of bad) {
      expect(table.subscribe(ada, ['fine', prefix])?.code).toBe('bad-prefix')
      expect(table.synchronize(ada, { internal: [], all: ['fine', prefix] })?.code).toBe('bad-prefix')
    }
    expect([table.version, table.match('fine')]).toEqual([0, []])
  })

  it('refuses more subscriptions than one subscriber may hold, and keeps those it had', () => {
    const table = new SubscriptionTable({ maxPerSubscriber: 2 })
    expect(table.subscribe(ada, ['a', 'b', 'a'])).toBeUndefined()
    expect(table.subscribe(ada, ['b'])).toBeUndefined()
    expect(table.subscribe(ada, ['c'], { allPlatforms: true })).toEqual({
      code: 'too-many-prefixes',
      message: '3 subscriptions exceed the limit of 2; subscribe to fewer, shorter prefixes',
    })
    expect(table.synchronize(ada, { internal: ['a'], all: ['b', 'c'] })?.code).toBe('too-many-prefixes')
    expect(table.count(ada)).toBe(2)
    expect(table.synchronize(ada, { internal: [], all: ['b', 'c'] })).toBeUndefined()
    expect(table.subscribe(bob, ['c'])).toBeUndefined()
  })

  describe('list', () => {
    const table = new SubscriptionTable()
    table.subscribe(ada, ['devices/a', 'dev'])
    table.subscribe(bob, ['devices/a', 'devices/b', ''], { allPlatforms: true })

    it('names the subscriptions that start with the prefix, and whether the asker holds them', () => {
      expect(table.list(ada, { prefix: 'devices' })).toEqual([
        ['', 'devices/a', true],
        ['', 'devices/b', false],
      ])
    })

    it('names those that would match the prefix when reversed', () => {
      expect(table.list(bob, { prefix: 'devices/a/x', reverse: true })).toEqual([
        ['', '', true],
        ['', 'dev', false],
        ['', 'devices/a', true],
      ])
    })

    it('keeps to the asker and to one scope when told', () => {
      expect(table.list(ada, { subscribed: true }).map(([, topic]) => topic)).toEqual(['dev', 'devices/a'])
      expect(table.list(ada, { scope: 'all' }).map(([, topic, member]) => [topic, member])).toEqual([
        ['', false],
        ['devices/a', false],
        ['devices/b', false],
      ])
      expect(table.list({ name: 'nobody' }, { subscribed: true })).toEqual([])
    })
  })
})
