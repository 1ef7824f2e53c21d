import { describe, expect, it } from '@jest/globals'
import { helloArgument } from '@volttron/vip'
import { busFixture, FakeConnection, keyOf } from './bus-fixture.ts'

const refusal = (connection: FakeConnection) =>
  connection
    .heard()
    .find((frames) => frames[4] === 'error')
    ?.slice(5, 7)

describe('an identity', () => {
  it('is accepted only from the key that owns it', () => {
    const fixture = busFixture()
    const thief = fixture.connect('a', 'b')
    thief.vip('', 'hello', 'h', 'hello')
    expect(refusal(thief)).toEqual(['-32001', 'the identity b belongs to another key; this key is that of a'])
    expect(thief.closed).toBeDefined()
    expect(fixture.bus.peers.size).toBe(0)
    expect(fixture.bus.counters.foreignIdentity).toBe(1)
  })

  it('of the platform itself is not to be had by an agent', () => {
    const fixture = busFixture()
    for (const identity of ['platform.control', 'platform', 'control.connection']) {
      const thief = fixture.connect('a', identity)
      thief.vip('', 'hello', 'h', 'hello')
      expect(refusal(thief)![0]).toBe('-32001')
    }
  })

  it('that Python would misread is refused', () => {
    const fixture = busFixture()
    fixture.holders.set(keyOf('n'), { kind: 'agent', identity: '123' })
    const number = fixture.connect('n', '123')
    number.vip('', 'hello', 'h', 'hello')
    expect(refusal(number)![1]).toContain('read as JSON')
  })

  it("of the operator's command line may be there many times, each under a name of its own", () => {
    const fixture = busFixture()
    fixture.connect('control.connection', 'control.connection.1')
    fixture.connect('control.connection', 'control.connection.2')
    expect([...fixture.bus.peers.values()].map((peer) => peer.principal)).toEqual([
      'control.connection',
      'control.connection',
    ])
  })

  it('whose key was revoked meanwhile is turned away', () => {
    const fixture = busFixture()
    const stranger = new FakeConnection('x', keyOf('x'))
    fixture.reception.receive(stranger)
    expect(stranger.closed).toBe('the key was revoked')
  })
})

describe('whoever is refused again and again', () => {
  const lines = ({ logged }: ReturnType<typeof busFixture>) => logged.map(([event, { more }]) => [event, more])

  it('is told of in the log once a second, whatever names it takes', () => {
    const fixture = busFixture()
    for (let times = 0; times < 10; times++) fixture.connect('a', `name${times}`)
    expect(lines(fixture)).toEqual([['connection-refused', 0]])
    fixture.pass(1000)
    fixture.connect('a', 'bad\nname')
    expect(lines(fixture)[1]).toEqual(['connection-refused', 9])
    expect(fixture.logged[1]![1]).toMatchObject({ routingId: 'bad?name' })
    expect(fixture.bus.counters.foreignIdentity).toBe(11)
  })

  it('is told of once a second when it is another platform', () => {
    const fixture = busFixture()
    fixture.holders.set(keyOf('there'), { kind: 'platform', name: 'there' })
    for (let times = 0; times < 10; times++) fixture.connect('there', 'instance.here.0.5').vip('', 'quit', 'i')
    expect(lines(fixture)).toEqual([['platform-refused', 0]])
    expect(fixture.bus.counters.malformedRequest).toBe(10)
  })
})

describe('a second connection of the same agent', () => {
  it('is refused and told so while the first one lives', () => {
    const fixture = busFixture()
    const first = fixture.connect('a')
    const second = fixture.connect('a')
    expect(first.heard().at(-1)!.slice(4)).toEqual(['ping', 'ping', 'are you alive'])
    first.silentMs = 0
    fixture.pass(3000)
    second.vip('', 'hello', 'h', 'hello')
    expect(refusal(second)).toEqual(['98', 'the identity a is in use by another live agent'])
    expect(first.closed).toBeUndefined()
    first.vip('', 'ping', 'i', 'ping')
    expect(first.heard().at(-1)![5]).toBe('pong')
  })

  it('takes over when the first one is silent', () => {
    const fixture = busFixture()
    const first = fixture.connect('a')
    const second = fixture.connect('a')
    first.silentMs = 60_000
    fixture.pass(3000)
    expect(first.closed).toContain('silent')
    second.vip('', 'hello', 'h', 'hello')
    expect(second.heard().map((frames) => frames[5])).toEqual(['welcome'])
  })

  it('takes over at once when the first one has gone', () => {
    const fixture = busFixture()
    fixture.connect('a').close('gone')
    const second = fixture.connect('a')
    second.vip('', 'hello', 'h', 'hello')
    expect(second.heard().map((frames) => frames[5])).toEqual(['welcome'])
  })

  it('takes over at once when the first one goes during the challenge', () => {
    const fixture = busFixture()
    const first = fixture.connect('a')
    const second = fixture.connect('a')
    first.close('gone')
    second.vip('', 'hello', 'h', 'hello')
    expect(second.heard().map((frames) => frames[5])).toEqual(['welcome'])
  })

  it('does not wait in a queue: a third one is refused during the challenge', () => {
    const fixture = busFixture()
    fixture.connect('a')
    fixture.connect('a')
    const third = fixture.connect('a')
    third.vip('', 'hello', 'h', 'hello')
    expect(refusal(third)![0]).toBe('98')
  })
})

describe('the key of another platform', () => {
  const platform = (fixture: ReturnType<typeof busFixture>) => {
    fixture.holders.set(keyOf('there'), { kind: 'platform', name: 'there' })
    return fixture.connect('there', 'instance.here.0.5')
  }

  it('opens a session after hello, and is no peer on the bus', () => {
    const fixture = busFixture()
    const connection = platform(fixture)
    connection.vip('', 'hello', 'h', 'hello', helloArgument({ bytes: 1, records: 1 }))
    expect(connection.heard().map((frames) => frames.slice(4, 6))).toEqual([['hello', 'welcome']])
    expect(fixture.bus.peers.size).toBe(0)
  })

  it('opens a link of VIP1 after what Python platforms begin with, and is no peer on the bus', () => {
    for (const args of [
      ['routing_table', 'hello', 'hello', 'there'],
      ['pubsub', 'external_list', '{"there": []}'],
      ['pubsub', 'external_publish', 'topic', '{}'],
    ]) {
      const fixture = busFixture()
      const connection = platform(fixture)
      connection.vip('', args[0]!, 'i', ...args.slice(1))
      expect(connection.closed).toBeUndefined()
      expect(connection.heard()).toEqual([])
      expect(fixture.bus.peers.size).toBe(0)
    }
  })

  it('opens nothing else: whatever comes first instead of hello ends the connection', () => {
    for (const subsystem of ['peerlist', 'RPC', 'agentstop', 'quit', 'pubsub']) {
      const fixture = busFixture()
      const connection = platform(fixture)
      connection.vip('', subsystem, 'i', 'list')
      expect(connection.closed).toContain('hello expected')
      expect(connection.heard()).toEqual([])
    }
  })
})
