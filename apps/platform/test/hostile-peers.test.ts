import { describe, expect, it } from '@jest/globals'
import { BatchWriter, helloArgument, parseWelcome, vipMessage } from '@volttron/vip'
import type { RemoteMessage } from '../src/router/bus.ts'
import { receiveAnswer, receiveCall, receiveError } from '../src/router/rpc-arrivals.ts'
import { busFixture } from './bus-fixture.ts'

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe('a batched peer that means no good', () => {
  it('cannot stay on the bus behind its own back: what follows its agentstop is not served', () => {
    const fixture = busFixture()
    const agent = fixture.connect('a')
    const watcher = fixture.connect('watcher')
    agent.vip('', 'hello', 'h', 'hello', helloArgument({ bytes: 1e6, records: 1e3 }))
    const { nonce } = parseWelcome(agent.heard().find((frames) => frames[5] === 'welcome')![9]!)!
    const writer = new BatchWriter(nonce)
    const say = (...args: string[]) =>
      writer.frames(vipMessage({ peer: '', id: 'i', subsystem: args[0]! }, args.slice(1)))
    say('agentstop')
    say('pubsub', 'subscribe', '{"prefix": "x", "bus": ""}')
    say('peerlist', 'list')
    agent.say(writer.take())
    expect(fixture.bus.peers.get('a')).toBeUndefined()
    expect(fixture.bus.subscriptions.match('x')).toEqual([])
    watcher.vip('', 'pubsub', 'p', 'publish', 'x', '{"bus": "", "headers": {}, "message": 1}')
    expect(watcher.heard().at(-1)!.slice(5)).toEqual(['request_response', '0'])
    expect(fixture.bus.counters.droppedSlowSubscriber).toBe(0)
  })
})

describe('a classic peer that means no good', () => {
  it('cannot fill the memory with names', () => {
    const fixture = busFixture()
    const agent = fixture.connect('a')
    const before = fixture.bus.distribution.topics.size
    agent.vip('', 'pubsub', 'i', 'publish', 'x'.repeat(1_025), '{"bus": "", "headers": {}, "message": 1}')
    expect(fixture.bus.distribution.topics.size).toBe(before)
    expect(fixture.bus.counters.malformedPublish).toBe(1)
    expect(agent.heard().map((frames) => frames.slice(5))).toEqual([['request_response', '0']])
  })

  it('cannot have headers that are none delivered', () => {
    const fixture = busFixture()
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    b.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "", "bus": ""}')
    b.heard()
    a.heard()
    for (const headers of ['[]', '"x"', 'null', '[{}]'])
      a.vip('', 'pubsub', 'p', 'publish', 'x', `{"bus": "", "headers": ${headers}, "message": 1}`)
    expect(b.heard()).toEqual([])
    expect(a.heard().map((frames) => frames.slice(5))).toEqual(Array(4).fill(['request_response', '0']))
    expect(fixture.bus.counters.malformedPublish).toBe(4)
  })

  it('costs no other peer its ears: what is listed is ASCII', () => {
    const fixture = busFixture()
    const agent = fixture.connect('a')
    agent.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "z\\u00e4hler/\\ud83d\\ude00", "bus": ""}')
    agent.vip('', 'pubsub', 'l', 'list', '{}')
    expect(agent.heard().at(-1)!.slice(5)).toEqual(['list_response', '[["","z\\u00e4hler/\\ud83d\\ude00",true]]'])
  })

  it.each(['platform', 'Platform', 'PLATFORM', 'pl\\u0061tform'])(
    'cannot say where its message comes from: %s',
    (name) => {
      const fixture = busFixture()
      const [a, b] = [fixture.connect('a'), fixture.connect('b')]
      b.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "", "bus": ""}')
      b.heard()
      a.vip('', 'pubsub', 'p', 'publish', 'x', `{"bus": "", "headers": {"${name}": "evil", "k": 1}, "message": 1}`)
      expect(JSON.parse(b.heard()[0]![7]!).headers).toEqual({ k: 1 })
    },
  )
})

describe('another platform that means no good', () => {
  const call = (args: readonly Buffer[]): RemoteMessage => ({
    to: 'callee',
    from: 'stranger',
    id: Buffer.from('i1'),
    args,
  })
  const request = { jsonrpc: '2.0', method: 'set', params: [1], id: 'i1' }

  it.each<[string, readonly Buffer[]]>([
    ['a call', [bytes(request)]],
    ['a batch of calls', [bytes([request])]],
    ['a batch beyond the limit', [bytes(Array(1_001).fill(request))]],
    ['an empty batch', [bytes([])]],
    ['a call behind an answer', [bytes({ jsonrpc: '2.0', id: 'x', result: 1 }), bytes(request)]],
    ['a call of another version', [bytes({ ...request, jsonrpc: '1.0' })]],
    ['a call without a version', [bytes({ method: 'set', id: 'i1' })]],
    ['a call whose arguments are none', [bytes({ ...request, params: 'all' })]],
    ['what is not JSON', [bytes('{"method": "set"')]],
    ['bytes', [Buffer.from([0, 255, 1])]],
  ])('cannot reach a peer that no rule opens to it by %s', (_what, args) => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'evil', call(args))
    expect(callee.heard()).toEqual([])
    expect(fixture.bus.counters.deniedRemoteCall).toBe(1)
    const [answer] = fixture.remoteAnswers
    expect(answer).toMatchObject({ platform: 'evil', message: { to: 'stranger', from: 'callee' } })
    const [first] = [JSON.parse(String(answer!.message.args[0]))].flat()
    expect(first).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } })
  })

  it('cannot answer what it was not asked, nor in the name of another peer or platform', () => {
    const fixture = busFixture()
    const caller = fixture.connect('caller')
    fixture.connect('bystander')
    caller.vip('there/callee', 'RPC', 'i1', bytes({ ...request }))
    caller.heard()
    const { id } = fixture.remoteCalls[0]!.message
    const result = [bytes({ jsonrpc: '2.0', id: 'i1', result: 1 })]
    const good: RemoteMessage = { to: 'caller', from: 'callee', id, args: result }
    receiveAnswer(fixture.bus, 'evil', good)
    receiveAnswer(fixture.bus, 'there', { ...good, id: Buffer.from('i1') })
    receiveAnswer(fixture.bus, 'there', { ...good, from: 'other' })
    receiveAnswer(fixture.bus, 'there', { ...good, to: 'bystander' })
    expect(caller.heard()).toEqual([])
    expect(fixture.bus.counters.lateRemoteAnswer).toBe(4)
    receiveAnswer(fixture.bus, 'there', good)
    expect(caller.heard()).toHaveLength(1)
  })

  it.each<[string, Buffer]>([
    ['a call', bytes(request)],
    ['a call written otherwise', bytes('{"jsonrpc": "2.0", "\\u006dethod": "set"}')],
    ['a batch with a call in it', bytes([{ jsonrpc: '2.0', id: 'i1', result: 1 }, request])],
    ['what is not JSON', bytes('{"method": "set"')],
  ])('cannot call by answering: %s', (_what, arg) => {
    for (const isBatched of [false, true]) {
      const fixture = busFixture()
      const caller = fixture.connect('caller')
      Object.defineProperty(fixture.bus.peers.get('caller'), 'isBatched', { value: isBatched })
      caller.vip('evil/callee', 'RPC', 'i1', bytes(request))
      const { id } = fixture.remoteCalls[0]!.message
      receiveAnswer(fixture.bus, 'evil', { to: 'caller', from: 'callee', id, args: [arg] })
      const refused = ['113', 'its answer was refused, because it is none', 'evil/callee', 'RPC']
      expect(caller.heard()).toEqual([['', 'VIP1', 'caller', 'i1', 'error', ...refused]])
    }
  })

  it('cannot fill our memory by ids, nor choose the one an agent sees', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    fixture.authority.mayCallRpc = () => true
    receiveCall(fixture.bus, 'evil', { ...call([bytes(request)]), id: Buffer.alloc(256, 'x') })
    expect(callee.heard()).toEqual([])
    receiveCall(fixture.bus, 'evil', { ...call([bytes(request)]), id: Buffer.from('-1') })
    expect(callee.heard()[0]![3]).toMatch(/^rtest\./)
  })

  it.each<[number, string, string[]]>([
    [113, 'no such peer: callee', ['113', 'no such peer: callee']],
    [11, '', ['11', 'Resource temporarily unavailable']],
    [-32001, 'die', ['113', 'die']],
    [0, 'true', ['113', 'No route to host']],
    [93, 'a\nb\u001bä', ['93', 'a?b??']],
  ])('cannot end a Python agent by an error: %i %j', (code, text, heard) => {
    const fixture = busFixture()
    const caller = fixture.connect('caller')
    caller.vip('evil/callee', 'RPC', 'i1', bytes(request))
    const error = { to: 'caller', from: 'callee', id: fixture.remoteCalls[0]!.message.id, errno: { code, text } }
    receiveError(fixture.bus, 'evil', { ...error, to: 'nobody' })
    receiveError(fixture.bus, 'evil', error)
    receiveError(fixture.bus, 'evil', error)
    expect(caller.heard()).toEqual([['', 'VIP1', 'caller', 'i1', 'error', ...heard, 'evil/callee', 'RPC']])
  })
})
