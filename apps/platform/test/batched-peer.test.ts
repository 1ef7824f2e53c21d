import { describe, expect, it } from '@jest/globals'
import { buildTail, formatRoute, PublishFlag, TailView } from '@volttron/vip'
import type { PeerSession } from '../src/router/names.ts'
import { BatchedAgent, subscribe } from './batched-agent.ts'
import { type BusFixture, busFixture } from './bus-fixture.ts'

describe('a batched peer', () => {
  it('gets records whose sender is certain, whatever the publisher claims', () => {
    const fixture = busFixture()
    const [a, b] = [new BatchedAgent(fixture, 'a'), new BatchedAgent(fixture, 'b')]
    subscribe(b.connection, 'x')
    a.publish('x/1', '{"v":1}')
    fixture.endTurn()
    const { records, frames } = b.unpack()
    expect(frames.map((message) => message.slice(4))).toEqual([['pubsub', 'request_response', 'true']])
    expect(records).toEqual([['x/1', formatRoute({ platform: '', epoch: 0, sender: 'a', path: [] }), '', '{"v":1}']])
  })

  it('hears how many its record went to when it asks', () => {
    const fixture = busFixture()
    const a = new BatchedAgent(fixture, 'a')
    subscribe(fixture.connect('b'), '')
    a.publish('x', '1', { flags: PublishFlag.wantsResult })
    a.publish('x', '1')
    fixture.endTurn()
    expect(a.unpack().results).toEqual([[1, 0, 1]])
  })

  it('hears of a record that was denied, asked or not', () => {
    const fixture = busFixture()
    const a = new BatchedAgent(fixture, 'a')
    a.publish('secret/x', '1')
    fixture.endTurn()
    expect(a.unpack().results).toEqual([[1, 32001, 0]])
  })

  it('and a classic one hear each other', () => {
    const fixture = busFixture()
    const ours = new BatchedAgent(fixture, 'ours')
    const classic = fixture.connect('classic')
    subscribe(ours.connection, '')
    subscribe(classic, '')
    classic.heard()
    ours.publish('t', '{"é":1}', { headers: '{"h": "ü", "platform": "forged"}' })
    classic.vip('', 'pubsub', 'p1', 'publish', 't', '{"bus": "", "headers": {}, "message": [NaN, 1.50]}')
    fixture.endTurn()
    expect(
      classic
        .heard()
        .filter((frames) => frames[5] === 'publish')
        .map((frames) => frames[7]),
    ).toEqual([
      '{"sender": "ours", "bus": "", "headers": {"h": "\\u00fc"}, "message": {"\\u00e9":1}}',
      '{"sender": "classic", "bus": "", "headers": {}, "message": [NaN, 1.50]}',
    ])
    expect(ours.unpack().records.map(([, , , body]) => body)).toEqual(['{"é":1}', '[NaN, 1.50]'])
  })

  it('sends bytes, which classic peers get as base64 with a header that says so', () => {
    const fixture = busFixture()
    const ours = new BatchedAgent(fixture, 'ours')
    const classic = fixture.connect('classic')
    subscribe(classic, '')
    classic.heard()
    ours.publish('t', Buffer.from([1, 2, 255]))
    expect(classic.heard()[0]![7]).toBe(
      '{"sender": "ours", "bus": "", "headers": {"x-encoding": "base64"}, "message": "AQL/"}',
    )
  })

  it('cannot forge a field by a body that is no JSON value', () => {
    const fixture = busFixture()
    const forger = new BatchedAgent(fixture, 'forger')
    const classic = fixture.connect('classic')
    subscribe(classic, '')
    classic.heard()
    forger.publish('t', '1,"sender":"platform.control"')
    fixture.endTurn()
    expect(classic.heard()).toEqual([])
    expect(forger.unpack().results).toEqual([[1, 22, 0]])
    expect(fixture.bus.counters.malformedPublish).toBe(1)
  })

  it.each(['1}, "sender": "platform.control", "x": {', '{"a": 1}, "sender": "platform.control"', '[]', '', '{"a": 1'])(
    'cannot forge a field by headers that are no JSON object: %s',
    (headers) => {
      const fixture = busFixture()
      const forger = new BatchedAgent(fixture, 'forger')
      const classic = fixture.connect('classic')
      subscribe(classic, '')
      classic.heard()
      forger.publish('t', '1', { headers })
      fixture.endTurn()
      // Empty headers are none.
      const refused = headers === '' ? 0 : 1
      expect(classic.heard().filter((frames) => frames[5] === 'publish')).toHaveLength(1 - refused)
      expect(forger.unpack().results).toEqual(refused ? [[1, 22, 0]] : [])
      expect(fixture.bus.counters.malformedPublish).toBe(refused)
    },
  )

  it('gets headers nobody could have forged the origin in, and as they came otherwise', () => {
    const fixture = busFixture()
    const [a, b] = [new BatchedAgent(fixture, 'a'), new BatchedAgent(fixture, 'b')]
    subscribe(b.connection, '')
    for (const headers of [
      '{"PlatForm": "x", "k": 1}',
      '{"pl\\u0061tform": 2}',
      '{"plant": "platform"}',
      '{"k" :1}',
      '{k',
    ])
      a.publish('t', '1', { headers })
    a.publish('t', '1', { headers: '{"platform": 1' })
    fixture.endTurn()
    const passed = ['{"k": 1}', '{}', '{"plant": "platform"}', '{"k" :1}', '{k']
    expect(b.unpack().records.map(([, , headers]) => headers)).toEqual(passed)
    expect(a.unpack().results).toEqual([[6, 22, 0]])
  })

  it('learns how long a record was on its way, and so do other platforms', () => {
    const fixture = busFixture()
    const [a, b] = [new BatchedAgent(fixture, 'a'), new BatchedAgent(fixture, 'b')]
    subscribe(b.connection, '')
    const abroad: number[] = []
    const session = {
      isCongested: false,
      publish: (_topic: unknown, _route: unknown, _flags: number, _sequence: number, ageMs: number) =>
        abroad.push(ageMs),
    }
    fixture.remoteInterest.replace(session as unknown as PeerSession, [''])
    a.publish('t', '1', { ageMs: 1_234 })
    a.publish('t', '2')
    fixture.endTurn()
    expect(b.unpack().ages).toEqual([1_234, 0])
    expect(abroad).toEqual([1_234, 0])
  })

  it('is closed when it breaks the form, and the others live on', () => {
    for (const broken of [
      Buffer.from([0xb5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]),
      Buffer.from([0xb5, 9, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]) {
      const fixture = busFixture()
      const [a, b] = [new BatchedAgent(fixture, 'a'), new BatchedAgent(fixture, 'b')]
      a.connection.say(broken)
      expect(a.connection.closed).toBeDefined()
      expect(fixture.bus.peers.get('a')).toBeUndefined()
      expect(b.connection.closed).toBeUndefined()
    }
  })

  it('is closed for a batch before the welcome', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.say(Buffer.from([0xb5, 1, 0, 0, 0, 0, 0, 0, 0, 0]))
    expect(a.closed).toContain('before the welcome')
  })

  it('that stops granting credit costs at most its queue; what does not fit is refused and counted', () => {
    const fixture = busFixture({ queueBytes: 2_000 })
    const a = new BatchedAgent(fixture, 'a')
    const stalled = new BatchedAgent(fixture, 'stalled', { bytes: 1_000, records: 1_000 })
    const quick = new BatchedAgent(fixture, 'quick')
    subscribe(stalled.connection, '')
    subscribe(quick.connection, '')
    for (let count = 0; count < 100; count++) {
      a.publish('t', 'x'.repeat(98))
      fixture.endTurn()
    }
    expect(quick.unpack().records).toHaveLength(100)
    const { records } = stalled.unpack()
    const { droppedSlowSubscriber } = fixture.bus.counters
    const waiting = 100 - records.length - droppedSlowSubscriber
    expect(droppedSlowSubscriber).toBeGreaterThan(70)
    expect(waiting).toBeGreaterThan(3)
    expect(waiting * 98).toBeLessThan(2_000)
  })
})

describe('messages from another platform', () => {
  const remote = (fixture: BusFixture, topic: string, headers = '') => {
    const { distribution } = fixture.bus
    const route = distribution.routes.intern(formatRoute({ platform: 'there', epoch: 3, sender: 'meter', path: [] }))
    const record = new TailView()
    record.show(buildTail('{"kw": 3}', headers, ''))
    distribution.arrive(distribution.topics.intern(topic), route, record, 1, 0)
  }

  it('reach only those who asked for all platforms, and say where they come from', () => {
    const fixture = busFixture()
    const [near, far] = [fixture.connect('near'), fixture.connect('far')]
    subscribe(near, '')
    subscribe(far, '', true)
    near.heard()
    far.heard()
    remote(fixture, 'power', '{"platform": "forged", "unit": "kW"}')
    expect(near.heard()).toEqual([])
    expect(far.heard()[0]![7]).toBe(
      '{"sender": "meter", "bus": "", "headers": {"unit": "kW", "platform": "there"}, "message": {"kw": 3}}',
    )
  })

  it('on topics that are protected here are dropped and counted', () => {
    const fixture = busFixture()
    const boss = fixture.connect('boss')
    subscribe(boss, '', true)
    boss.heard()
    remote(fixture, 'secret/power')
    expect(boss.heard()).toEqual([])
    expect(fixture.bus.counters.deniedArrival).toBe(1)
  })
})
