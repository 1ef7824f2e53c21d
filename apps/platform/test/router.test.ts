import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { busFixture } from './bus-fixture.ts'

const json = (value: unknown): string => JSON.stringify(value)
const body = (message: unknown, headers: object = {}): string => json({ bus: '', headers, message })

describe('a classic peer', () => {
  it('is welcomed with its identity', () => {
    const agent = busFixture().connect('listener')
    agent.vip('', 'hello', 'connect.hello.0', 'hello')
    expect(agent.heard()).toEqual([
      ['', 'VIP1', 'listener', 'connect.hello.0', 'hello', 'welcome', '1.0', 'router-1', 'listener'],
    ])
  })

  it('gets its ping back as pong, whatever the operation was called', () => {
    const agent = busFixture().connect('a')
    agent.vip('', 'ping', 'i1', 'drop', 'b')
    expect(agent.heard()).toEqual([['', 'VIP1', 'a', 'i1', 'ping', 'pong', 'b']])
  })

  it('sees who is there, itself included, and hears who joins and leaves', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    const b = fixture.connect('b')
    a.vip('', 'peerlist', 'i1', 'list')
    b.close('gone')
    expect(a.heard()).toEqual([
      ['', 'VIP1', '', '', 'peerlist', 'add', 'b'],
      ['', 'VIP1', '', 'i1', 'peerlist', 'listing', 'a', 'b'],
      ['', 'VIP1', '', '', 'peerlist', 'drop', 'b'],
    ])
  })

  it('is told when a peerlist operation is missing or unknown', () => {
    const agent = busFixture().connect('a')
    agent.vip('', 'peerlist', 'i1')
    agent.vip('', 'peerlist', 'i2', 'add', 'x')
    expect(agent.heard().map((frames) => frames.slice(5))).toEqual([
      ['error', 'missing operation'],
      ['error', 'unknown operation'],
    ])
  })

  it('learns facts by query, and an empty text for what nobody knows', () => {
    const agent = busFixture().connect('a')
    for (const property of [
      'instance-name',
      'serverkey',
      'platform-version',
      'addresses',
      'nonsense',
      '__proto__',
      'constructor',
    ]) {
      agent.vip('', 'query', 'i', property)
    }
    expect(agent.heard().map((frames) => frames[6])).toEqual([
      'here',
      'K',
      '1.2.3',
      '["tcp://127.0.0.1:22916"]',
      '',
      '',
      '',
    ])
  })

  it('gets error 93 for a subsystem the router does not have', () => {
    const agent = busFixture().connect('a')
    agent.vip('', 'web', 'i1', 'x')
    expect(agent.heard()).toEqual([['', 'VIP1', '', 'i1', 'error', '93', 'Protocol not supported', '', 'web']])
  })

  it('gets error 113 for a peer that is not there', () => {
    const agent = busFixture().connect('a')
    agent.vip('nobody', 'RPC', 'i1', '{}')
    expect(agent.heard()).toEqual([['', 'VIP1', 'a', 'i1', 'error', '113', 'No route to host', 'nobody', 'RPC']])
  })

  it('gets an id that reads as JSON back in quotes, because Python would make a number of it', () => {
    const agent = busFixture().connect('a')
    const errorIdFor = (id: string) => {
      agent.vip('nobody', 'RPC', id, '{}')
      return agent.heard()[0]![3]
    }
    expect(errorIdFor('1795374281.8728026698659')).toBe('"1795374281.8728026698659"')
    expect(errorIdFor('true')).toBe('"true"')
    expect(errorIdFor('"quoted"')).toBe('"\\"quoted\\""')
    expect(errorIdFor('1795374281.000000.8728026698659.000000')).toBe('1795374281.000000.8728026698659.000000')
    expect(errorIdFor('')).toBe('')
  })

  it('cannot stop the platform or another agent', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    fixture.connect('b')
    a.vip('', 'quit', 'i1')
    a.vip('', 'agentstop', '', 'b')
    expect(a.heard().at(-1)!.slice(4, 6)).toEqual(['error', '93'])
    expect(fixture.bus.peers.get('b')).toBeDefined()
  })

  it('leaves with agentstop', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('', 'agentstop', '', 'a')
    expect(fixture.bus.peers.get('a')).toBeUndefined()
  })
})

describe('messages between peers', () => {
  it('arrive byte for byte, with sender and user written by the router', () => {
    const fixture = busFixture()
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    const bytes = Buffer.from([0, 1, 255, 0xc3])
    a.say('b', 'VIP1', 'platform.control', '1727.87', 'RPC', bytes, ' {"x": 1} ')
    expect(b.sent.map((frames) => frames.map((frame) => frame.toString('hex')))).toEqual([
      ['a', 'VIP1', 'a', '1727.87', 'RPC', bytes, ' {"x": 1} '].map((frame) =>
        Buffer.from(frame as string).toString('hex'),
      ),
    ])
  })

  it('of other subsystems than RPC and ping are refused, because they would pass for messages of the router', () => {
    const fixture = busFixture()
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    a.heard()
    for (const subsystem of ['pubsub', 'error', 'peerlist', 'hello', 'web']) a.vip('b', subsystem, 'i', 'x')
    expect(b.heard()).toEqual([])
    expect(a.heard().map((frames) => frames[5])).toEqual(['93', '93', '93', '93', '93'])
  })

  it('to a peer whose queue is full come back as error 11', () => {
    const fixture = busFixture({ queueBytes: 100 })
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    a.heard()
    b.pendingBytes = 101
    a.vip('b', 'RPC', 'i1', '{}')
    expect(a.heard()).toEqual([['', 'VIP1', 'a', 'i1', 'error', '11', 'Resource temporarily unavailable', 'b', 'RPC']])
  })
})

describe('publish and subscribe among classic peers', () => {
  it('delivers once, in the form of VOLTTRON, and counts subscribers', () => {
    const fixture = busFixture()
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    b.vip('', 'pubsub', 's1', 'subscribe', json({ prefix: ['dev', 'devices'], bus: '', all_platforms: false }))
    a.heard()
    a.vip(
      '',
      'pubsub',
      'p1',
      'publish',
      'devices/x',
      '{"bus": "", "headers": {"TimeStamp": "t"}, "message": {"v": 12345678901234567890}}',
    )
    expect(b.heard()).toEqual([
      ['', 'VIP1', 'b', 's1', 'pubsub', 'request_response', 'true'],
      [
        '',
        'VIP1',
        'a',
        'p1',
        'pubsub',
        'publish',
        'devices/x',
        '{"sender": "a", "bus": "", "headers": {"TimeStamp": "t"}, "message": {"v": 12345678901234567890}}',
      ],
    ])
    expect(a.heard()).toEqual([['', 'VIP1', 'a', 'p1', 'pubsub', 'request_response', '1']])
  })

  it('removes a platform header that an agent has set', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('', 'pubsub', 's1', 'subscribe', json({ prefix: '', bus: '' }))
    a.heard()
    a.vip(
      '',
      'pubsub',
      'p1',
      'publish',
      't',
      '{"bus": "", "headers": {"\\u0070latform": "elsewhere", "x": 1}, "message": 1}',
    )
    expect(JSON.parse(a.heard()[0]![7]!).headers).toEqual({ x: 1 })
  })

  it('refuses protected topics without ending the agent: no error frame, which classic agents die of', () => {
    const fixture = busFixture()
    const [a, boss] = [fixture.connect('a'), fixture.connect('boss')]
    boss.vip('', 'pubsub', 's1', 'subscribe', json({ prefix: 'secret' }))
    a.heard()
    boss.heard()
    a.vip('', 'pubsub', 'p1', 'publish', 'secret/x', body(1))
    a.vip('', 'pubsub', 's2', 'subscribe', json({ prefix: 'secret/x' }))
    a.vip('', 'pubsub', 's3', 'subscribe', json({ prefix: 'sec' }))
    expect(a.heard().map((frames) => frames.slice(5))).toEqual([
      ['request_response', '0'],
      ['request_response', 'false'],
      ['request_response', 'true'],
    ])
    expect(boss.heard()).toEqual([])
    expect(fixture.bus.counters.deniedPublish).toBe(1)
  })

  it('a subscription to a shorter prefix gets what its owner may read, and no protected topic', () => {
    const fixture = busFixture()
    const [a, boss] = [fixture.connect('a'), fixture.connect('boss')]
    for (const peer of [a, boss]) peer.vip('', 'pubsub', 's', 'subscribe', json({ prefix: '' }))
    const topicsOf = (peer: typeof a) => peer.heard().flatMap((frames) => (frames[5] === 'publish' ? [frames[6]] : []))
    boss.vip('', 'pubsub', 'p1', 'publish', 'secret/x', body(1))
    boss.vip('', 'pubsub', 'p2', 'publish', 'public/x', body(1))
    expect(topicsOf(a)).toEqual(['public/x'])
    expect(topicsOf(boss)).toEqual(['secret/x', 'public/x'])
    // Rules that change count from the next message on.
    fixture.authority.mayReceive = () => true
    fixture.authority.version++
    boss.vip('', 'pubsub', 'p3', 'publish', 'secret/x', body(1))
    expect(topicsOf(a)).toEqual(['secret/x'])
  })

  it('synchronize replaces everything the peer holds', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('', 'pubsub', 's1', 'subscribe', json({ prefix: 'old' }))
    a.vip(
      '',
      'pubsub',
      'y1',
      'synchronize',
      'connected',
      json({ subscriptions: { internal: { '': ['one'] }, all: { pubsub: ['two'] } } }),
    )
    a.heard()
    a.vip(
      '',
      'pubsub',
      'l1',
      'list',
      json({ prefix: '', all_platforms: false, subscribed: true, reverse: false, bus: '' }),
    )
    a.vip(
      '',
      'pubsub',
      'l2',
      'list',
      json({ prefix: '', all_platforms: true, subscribed: true, reverse: false, bus: '' }),
    )
    expect(a.heard().map((frames) => JSON.parse(frames[6]!))).toEqual([[['', 'one', true]], [['', 'two', true]]])
    expect(fixture.bus.subscriptions.interest.prefixes()).toEqual(['two'])
  })

  it('forgets the subscriptions of a peer that is gone', () => {
    const fixture = busFixture()
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    b.vip('', 'pubsub', 's1', 'subscribe', json({ prefix: '' }))
    b.close('gone')
    a.heard()
    a.vip('', 'pubsub', 'p1', 'publish', 't', body(1))
    expect(a.heard().map((frames) => frames[6])).toEqual(['0'])
  })

  it('does not wait for a subscriber that stalls: its copy is dropped and counted, the others get theirs', () => {
    const fixture = busFixture({ queueBytes: 1000 })
    const [a, slow, quick] = [fixture.connect('a'), fixture.connect('slow'), fixture.connect('quick')]
    for (const peer of [slow, quick]) peer.vip('', 'pubsub', 's', 'subscribe', json({ prefix: '' }))
    quick.heard()
    slow.pendingBytes = 1001
    a.vip('', 'pubsub', 'p1', 'publish', 't', body(1))
    expect(quick.heard()).toHaveLength(1)
    expect(fixture.bus.counters.droppedSlowSubscriber).toBe(1)
  })

  it('answers malformed operations or ignores them, and lives on', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    const texts = [
      '',
      '{',
      'null',
      '[]',
      '{"prefix": null}',
      '{"prefix": 1}',
      '{"subscriptions": 1}',
      '{"subscriptions": {"all": {"": [null]}}}',
      '{"internal": 3}',
    ]
    for (const operation of [
      'subscribe',
      'unsubscribe',
      'publish',
      'list',
      'synchronize',
      'external_list',
      'auth_update',
      '__proto__',
      'constructor',
      '',
    ]) {
      for (const text of texts) {
        a.vip('', 'pubsub', 'i', operation, text)
        a.vip('', 'pubsub', 'i', operation, text, text)
      }
    }
    a.heard()
    a.vip('', 'ping', 'i', 'ping')
    expect(a.heard()).toHaveLength(1)
  })
})

describe('any frames from an authenticated peer', () => {
  it('never stop the platform', () => {
    const fixture = busFixture()
    const word = fc.constantFrom(
      '',
      'VIP1',
      'a',
      'b',
      'b/c',
      'here/a',
      'hello',
      'ping',
      'peerlist',
      'pubsub',
      'RPC',
      'query',
      'error',
      'agentstop',
      'routing_table',
      'external_rpc',
      'subscribe',
      'publish',
      'synchronize',
      'list',
      '-1',
      '4294967296',
      '"€"',
      '{"volttron-ts":{}}',
      '{"prefix":""}',
    )
    const anyFrame = fc.oneof(word, fc.uint8Array({ maxLength: 40 }))
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 9 }), fc.boolean(), (frames, wellFormed) => {
        const a = fixture.bus.peers.get('a') ? undefined : fixture.connect('a')
        const connection = a ?? fixture.connect('b')
        const said = wellFormed ? [frames[0] ?? '', 'VIP1', '', 'id', ...frames] : frames
        if (connection.closed === undefined && connection.sent.length === 0) connection.say(...said)
        fixture.endTurn()
        connection.close('done')
      }),
      { numRuns: 3_000 },
    )
    const survivor = fixture.connect('survivor')
    survivor.vip('', 'ping', 'i', 'ping')
    expect(survivor.heard().at(-1)!.slice(4)).toEqual(['ping', 'pong'])
  })
})
