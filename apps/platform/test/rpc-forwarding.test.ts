import { describe, expect, it } from '@jest/globals'
import { VipErrno } from '@volttron/vip'
import type { RemoteMessage } from '../src/router/bus.ts'
import { receiveAnswer, receiveCall, receiveError } from '../src/router/rpc-arrivals.ts'
import { sessionEnded } from '../src/router/rpc-failures.ts'
import { type BusFixture, busFixture, type FakeConnection } from './bus-fixture.ts'

const request = (method: string, id?: string) =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params: [1], ...(id === undefined ? {} : { id }) }))
const result = (id: string, value: unknown = 1) => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: value }))
const message = (from: string, ...args: Buffer[]) => ({ to: 'callee', from, id: Buffer.from('m1'), args })
const answerTo = ({ to, from, id }: RemoteMessage, ...args: Buffer[]): RemoteMessage => ({
  to: from,
  from: to,
  id,
  args,
})
const errorsOf = (connection: FakeConnection) =>
  connection
    .heard()
    .filter((frames) => frames[4] === 'error')
    .map((frames) => frames.slice(3).filter((_frame, at) => at !== 1))
/** Without who came and went. */
const heardBy = (connection: FakeConnection) => connection.heard().filter((frames) => frames[4] !== 'peerlist')
const waiting = ({ bus }: BusFixture) => [bus.remoteCalls.outgoing.size, bus.remoteCalls.incoming.size]

describe('a call to another platform', () => {
  it('leaves with caller, callee and arguments as they are; the answer comes back under the id of the caller', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    const [call] = fixture.remoteCalls
    expect(call).toMatchObject({
      platform: 'there',
      message: { to: 'callee', from: 'a', args: [request('add', 'r1')] },
    })
    receiveAnswer(fixture.bus, 'there', answerTo(call!.message, result('r1')))
    expect(heardBy(a)).toEqual([['there/callee', 'VIP1', 'there/callee', 'm1', 'RPC', String(result('r1'))]])
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it('is never mixed up with one of another caller that chose the same id', () => {
    const fixture = busFixture()
    const callers = ['a', 'b', 'c'].map((name) => fixture.connect(name))
    for (const caller of callers) caller.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    const calls = fixture.remoteCalls.map((call) => call.message)
    expect(new Set(calls.map(({ id }) => String(id))).size).toBe(3)
    for (const call of calls.reverse()) {
      receiveAnswer(fixture.bus, 'there', answerTo(call, result('r1', call.from)))
    }
    expect(
      callers.map((caller) => heardBy(caller).map((frames) => [frames[3], JSON.parse(frames[5]!).result])),
    ).toEqual([[['m1', 'a']], [['m1', 'b']], [['m1', 'c']]])
  })

  it('comes back as an error when there is no way, and nothing but RPC crosses', () => {
    const fixture = busFixture({ platforms: { sendCall: () => VipErrno.hostUnreachable } })
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    a.vip('there/callee', 'ping', 'm2', 'ping')
    expect(errorsOf(a)).toEqual([
      ['m1', '113', 'No route to host', 'there/callee', 'RPC'],
      ['m2', '93', 'Protocol not supported', 'there/callee', 'ping'],
    ])
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it('comes back when it is larger than what a session carries', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', Buffer.alloc(60_000), Buffer.alloc(60_000))
    a.vip('there/callee', 'RPC', 'm'.repeat(256), request('add', 'r1'))
    expect(errorsOf(a).map((error) => error[1])).toEqual(['90', '93'])
    expect(fixture.remoteCalls).toEqual([])
  })

  it('fails at once when the session is lost, and its late answer is dropped and counted', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    a.vip('elsewhere/callee', 'RPC', 'm2', request('add', 'r2'))
    sessionEnded(fixture.bus, 'there')
    expect(errorsOf(a)).toEqual([
      ['m1', '113', expect.stringContaining('connection to the platform there was lost'), 'there/callee', 'RPC'],
    ])
    receiveAnswer(fixture.bus, 'there', answerTo(fixture.remoteCalls[0]!.message, result('r1')))
    expect(heardBy(a)).toEqual([])
    expect(fixture.bus.counters.lateRemoteAnswer).toBe(1)
    expect(waiting(fixture)).toEqual([1, 0])
  })

  it('is forgotten when its caller leaves; a namesake never gets the answer', () => {
    const fixture = busFixture()
    fixture.connect('a').vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    fixture.bus.drop(fixture.bus.peers.get('a')!)
    expect(waiting(fixture)).toEqual([0, 0])
    const successor = fixture.connect('a')
    receiveAnswer(fixture.bus, 'there', answerTo(fixture.remoteCalls[0]!.message, result('r1')))
    expect(heardBy(successor)).toEqual([])
    expect(fixture.bus.counters.lateRemoteAnswer).toBe(1)
  })

  it('is bounded in number, for each caller and for each platform', () => {
    const fixture = busFixture({ callLimits: { perPeer: 2, perPlatform: 3 } })
    const [a, b] = [fixture.connect('a'), fixture.connect('b')]
    for (const id of ['m1', 'm2', 'm3']) a.vip('there/callee', 'RPC', id, request('add', id))
    expect(errorsOf(a)).toEqual([['m3', '11', 'too many calls wait for their answer: a', 'there/callee', 'RPC']])
    for (const id of ['m1', 'm2']) b.vip('there/callee', 'RPC', id, request('add', id))
    expect(errorsOf(b)).toEqual([['m2', '11', 'too many calls wait for their answer: there', 'there/callee', 'RPC']])
    receiveAnswer(fixture.bus, 'there', answerTo(fixture.remoteCalls[0]!.message, result('m1')))
    b.vip('there/callee', 'RPC', 'm3', request('add', 'm3'))
    expect(errorsOf(b)).toEqual([])
  })

  it('that is a notification leaves nothing behind', () => {
    const fixture = busFixture()
    fixture.connect('a').vip('there/callee', 'RPC', '', request('note'))
    expect(String(fixture.remoteCalls[0]!.message.id)).toBe('')
    fixture.connect('b').vip('there/callee', 'RPC', 'm1', request('note'))
    receiveAnswer(fixture.bus, 'there', answerTo(fixture.remoteCalls[1]!.message))
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it('that nobody ever answers is forgotten after an hour', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('there/callee', 'RPC', 'm1', request('add', 'r1'))
    fixture.pass(3_600_000)
    a.vip('there/callee', 'RPC', 'm2', request('add', 'r2'))
    expect(waiting(fixture)).toEqual([1, 0])
    expect(fixture.bus.remoteCalls.outgoing.forgotten).toBe(1)
  })
})

describe('a call from another platform', () => {
  it('is refused unless a rule names the caller; the caller is told why', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'friend', message('stranger', request('add', 'r1')))
    expect(heardBy(callee)).toEqual([])
    const [answer] = fixture.remoteAnswers
    expect(answer).toMatchObject({ platform: 'friend', message: { to: 'stranger', from: 'callee' } })
    const { id, error } = JSON.parse(String(answer!.message.args[0]))
    expect([id, error.code]).toEqual(['r1', -32001])
    expect(error.data.detail).toContain('friend/stranger may not call callee.add: no rule on the platform here')
    expect(error.data.detail).toContain('vctl authz add agent friend/stranger --rpc-capabilities callee.add')
    expect(fixture.bus.counters.deniedRemoteCall).toBe(1)
  })

  it('that is denied does not tell whether there is such an agent', () => {
    const fixture = busFixture()
    receiveCall(fixture.bus, 'friend', message('stranger', request('add', 'r1')))
    expect(fixture.remoteErrors).toEqual([])
    expect(JSON.parse(String(fixture.remoteAnswers[0]!.message.args[0])).error.code).toBe(-32001)
  })

  it('that is denied is logged once a second for each caller', () => {
    const fixture = busFixture()
    const deny = (from: string) => receiveCall(fixture.bus, 'friend', message(from, request('a\ndd', 'r1')))
    for (const from of ['x', 'x', 'x', 'y']) deny(from)
    fixture.pass(1_000)
    deny('x')
    const line = { callee: 'callee', method: 'a?dd', more: 0 }
    expect(fixture.logged).toEqual([
      ['remote-call-denied', { ...line, caller: 'friend/x' }],
      ['remote-call-denied', { ...line, caller: 'friend/y' }],
      ['remote-call-denied', { ...line, caller: 'friend/x', more: 2 }],
    ])
    expect(fixture.bus.counters.deniedRemoteCall).toBe(5)
  })

  it('reaches the callee as a plain call of <platform>/<identity>, and its answer goes back', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r1')))
    const [call] = heardBy(callee)
    const id = call![3]!
    expect(call).toEqual(['friend/caller', 'VIP1', 'friend/caller', id, 'RPC', String(request('add', 'r1'))])
    callee.vip('friend/caller', 'RPC', id, result('r1'))
    expect(fixture.remoteAnswers).toEqual([{ platform: 'friend', message: answerTo(message('caller'), result('r1')) }])
    expect([fixture.remoteCalls, heardBy(callee)]).toEqual([[], []])
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it('is answered only by who was called, once', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    const other = fixture.connect('other')
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r1')))
    const id = heardBy(callee)[0]![3]!
    other.vip('friend/caller', 'RPC', id, result('r1', 'forged'))
    callee.vip('foe/caller', 'RPC', id, result('r1'))
    callee.vip('friend/caller', 'RPC', id, result('r1'))
    callee.vip('friend/caller', 'RPC', id, result('r1'))
    expect(fixture.remoteAnswers.map(({ message: { from, args } }) => [from, String(args[0])])).toEqual([
      ['callee', String(result('r1'))],
    ])
    expect(fixture.bus.counters.lateRemoteAnswer).toBe(3)
  })

  it('cannot smuggle a forbidden call beside an allowed one, in a batch or in a second frame; each is answered', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    fixture.authority.mayCallRpc = (_caller, _callee, method) => method === 'add'
    const batch = Buffer.from(`[${request('add', 'r1')},${request('quit', 'r2')},${request('note')}]`)
    receiveCall(fixture.bus, 'friend', message('caller', batch))
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r3'), request('quit')))
    expect(heardBy(callee)).toEqual([])
    expect(fixture.bus.counters.deniedRemoteCall).toBe(2)
    const answered = fixture.remoteAnswers.map(({ message: { args } }) => args.map((arg) => JSON.parse(String(arg))))
    expect(answered).toMatchObject([
      [
        [
          { id: 'r1', error: { code: -32001 } },
          { id: 'r2', error: { code: -32001 } },
        ],
      ],
      [{ id: 'r3', error: { code: -32001 } }],
    ])
  })

  it('is known by its platform and operator when it comes from a command line there', () => {
    const fixture = busFixture()
    const asked: string[] = []
    fixture.connect('callee')
    fixture.authority.mayCallRpc = (caller) => asked.push(caller) > 0
    receiveCall(fixture.bus, 'friend', message('control.connection.x1', request('add', 'r1')))
    expect(asked).toEqual(['friend/control.connection'])
  })

  it('comes back with the error number when there is no such peer, or it takes no more', () => {
    const fixture = busFixture({ callLimits: { perPeer: 1, perPlatform: 9 } })
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r1')))
    fixture.connect('callee')
    for (const id of ['r2', 'r3']) receiveCall(fixture.bus, 'friend', message('caller', request('add', id)))
    expect(fixture.remoteErrors.map(({ error }) => [error.to, error.from, String(error.id), error.errno])).toEqual([
      ['caller', 'callee', 'm1', VipErrno.hostUnreachable],
      ['caller', 'callee', 'm1', VipErrno.again],
    ])
  })

  it('fails at once when the callee leaves, and when its answer is too large', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r1')))
    callee.vip('friend/caller', 'RPC', heardBy(callee)[0]![3]!, Buffer.alloc(100_001))
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r2')))
    callee.close('crashed')
    expect(fixture.remoteErrors.map(({ platform, error }) => [platform, error.to, error.errno])).toEqual([
      ['friend', 'caller', VipErrno.messageTooLong],
      ['friend', 'caller', { code: 113, text: 'callee disconnected before it answered' }],
    ])
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it('is forgotten with its session; an answer that comes then is no call to anybody', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'friend', message('caller', request('add', 'r1')))
    sessionEnded(fixture.bus, 'friend')
    callee.vip('friend/caller', 'RPC', heardBy(callee)[0]![3]!, result('r1'))
    expect([fixture.remoteAnswers, fixture.remoteCalls]).toEqual([[], []])
    expect(fixture.bus.counters.lateRemoteAnswer).toBe(1)
  })

  it('that is a notification is delivered and never answered', () => {
    const fixture = busFixture()
    const callee = fixture.connect('callee')
    receiveCall(fixture.bus, 'friend', { ...message('caller', request('note')), id: Buffer.alloc(0) })
    receiveCall(fixture.bus, 'friend', message('caller', request('note')))
    receiveCall(fixture.bus, 'friend', { ...message('stranger', request('note')), id: Buffer.alloc(0) })
    expect(heardBy(callee).map((frames) => frames[3])).toEqual(['', ''])
    // The caller that gave an id is told that there is nothing to wait for.
    expect(fixture.remoteAnswers.map((answer) => answer.message.args)).toEqual([[]])
    expect(waiting(fixture)).toEqual([0, 0])
  })
})

describe('external_rpc, as Python agents call', () => {
  const envelope = (args: readonly string[], platform = 'there') =>
    JSON.stringify({ to_platform: platform, to_peer: 'callee', from_platform: 'x', from_peer: 'boss', args })
  const texts = (id: string) => [String(request('add', id))]

  it('becomes a call of who really calls, and the answer comes back in its own form', () => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('', 'external_rpc', '17.5', 'send_platform', envelope(texts('r1')))
    const [call] = fixture.remoteCalls
    expect(call).toMatchObject({
      platform: 'there',
      message: { to: 'callee', from: 'a', args: [request('add', 'r1')] },
    })
    receiveAnswer(fixture.bus, 'there', answerTo(call!.message, result('r1')))
    const [heard] = heardBy(a)
    expect(heard!.slice(0, 6)).toEqual(['', 'VIP1', 'a', '17.5', 'external_rpc', 'send_peer'])
    expect(JSON.parse(heard![6]!)).toEqual({
      to_platform: 'here',
      to_peer: 'a',
      from_platform: 'there',
      from_peer: 'callee',
      args: [String(result('r1'))],
    })
  })

  it('fails by a JSON-RPC error, because its caller sees no other', () => {
    const fixture = busFixture({
      platforms: { sendCall: (platform) => (platform === 'nowhere' ? VipErrno.hostUnreachable : undefined) },
    })
    const a = fixture.connect('a')
    const send = (id: string, platform: string) =>
      a.vip('', 'external_rpc', 'm', 'send_platform', envelope(texts(id), platform))
    const errors = () => heardBy(a).map((frames) => JSON.parse(JSON.parse(frames[6]!).args[0]))
    send('r1', 'nowhere')
    send('r2', 'there')
    sessionEnded(fixture.bus, 'there')
    expect(errors()).toMatchObject([
      { id: 'r1', error: { code: -32005, message: 'nowhere/callee: No route to host' } },
      { id: 'r2', error: { code: -32005, message: expect.stringContaining('was lost') } },
    ])
    const calls: RemoteMessage[] = []
    const other = busFixture({ platforms: { sendCall: (_platform, sent) => void calls.push(sent) } })
    const b = other.connect('b')
    b.vip('', 'external_rpc', 'm', 'send_platform', envelope(texts('r3')))
    receiveError(other.bus, 'there', { ...answerTo(calls[0]!), errno: VipErrno.hostUnreachable })
    expect(JSON.parse(JSON.parse(heardBy(b)[0]![6]!).args[0])).toMatchObject({ id: 'r3', error: { code: -32006 } })
  })

  it('that names our own platform is a call from peer to peer', () => {
    const fixture = busFixture()
    const [a, callee] = [fixture.connect('a'), fixture.connect('callee')]
    a.vip('', 'external_rpc', 'm1', 'send_platform', envelope(texts('r1'), 'here'))
    expect(heardBy(callee)).toEqual([['a', 'VIP1', 'a', 'm1', 'RPC', String(request('add', 'r1'))]])
    fixture.bus.drop(fixture.bus.peers.get('callee')!)
    a.vip('', 'external_rpc', 'm2', 'send_platform', envelope(texts('r2'), 'here'))
    expect(JSON.parse(JSON.parse(heardBy(a)[0]![6]!).args[0])).toMatchObject({ id: 'r2', error: { code: -32006 } })
  })

  it('that is a notification waits for nothing', () => {
    const fixture = busFixture()
    fixture.connect('a').vip('', 'external_rpc', 'm1', 'send_platform', envelope([String(request('note'))]))
    expect(fixture.remoteCalls).toHaveLength(1)
    expect(waiting(fixture)).toEqual([0, 0])
  })

  it.each<[string, readonly string[]]>([
    ['nothing', []],
    ['an operation of routers', ['send_peer', envelope(texts('r1'))]],
    ['no object', ['send_platform', '-1']],
    ['arguments that are no texts', ['send_platform', envelope([1 as never])]],
    ['no arguments', ['send_platform', envelope([])]],
    ['too many arguments', ['send_platform', envelope(Array(17).fill('{}'))]],
    ['more calls than are kept', ['send_platform', envelope([`[${Array(17).fill(request('m', 'r'))}]`])]],
    ['an endless id', ['send_platform', envelope(texts('x'.repeat(256)))]],
  ])('is refused with %s', (_what, args) => {
    const fixture = busFixture()
    const a = fixture.connect('a')
    a.vip('', 'external_rpc', 'm1', ...args)
    expect(errorsOf(a)).toMatchObject([['m1', '93', expect.stringContaining('external_rpc takes'), '', 'external_rpc']])
    expect(fixture.remoteCalls).toEqual([])
  })
})
