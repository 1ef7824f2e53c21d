import { describe, expect, it } from '@jest/globals'
import { ServiceMethods } from '../src/services/service-methods.ts'
import { busFixture, type FakeConnection } from './bus-fixture.ts'
import { serviceOn, settled } from './service-fixture.ts'

/** The next message of the connection that came from a peer: sender, id, subsystem, arguments. */
function fromPeer(connection: FakeConnection): { peer: string; id: string; subsystem: string; args: string[] } {
  const frames = connection.heard().find(([peer]) => peer !== '')!
  const [peer = '', , , id = '', subsystem = '', ...args] = frames
  return { peer, id, subsystem, args }
}

const request = (method: string, params?: unknown, id = 'q1') =>
  JSON.stringify({ jsonrpc: '2.0', method, ...(params !== undefined && { params }), id })

async function ask(agent: FakeConnection, method: string, params?: unknown) {
  agent.heard()
  agent.vip('platform.health', 'RPC', 'm1', request(method, params))
  await settled()
  return JSON.parse(fromPeer(agent).args[0]!)
}

describe('a service', () => {
  it('calls a method of an agent and gets its result', async () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    const agent = fixture.connect('agent')
    const result = service.call('agent', 'config.update', { args: ['NEW', 'config'], kwargs: { contents: { a: 1 } } })
    const call = fromPeer(agent)
    expect(call).toMatchObject({ peer: 'platform.health', subsystem: 'RPC' })
    const { id, params } = JSON.parse(call.args[0]!)
    expect(params).toEqual({ '*args': ['NEW', 'config'], '**kwargs': { contents: { a: 1 } } })
    agent.vip('platform.health', 'RPC', call.id, JSON.stringify({ jsonrpc: '2.0', id, result: 7 }))
    await expect(result).resolves.toBe(7)
  })

  it('is told at once when the agent is not there, and when it goes before it answers', async () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    await expect(service.call('nobody', 'x')).rejects.toMatchObject({ code: 'unavailable' })
    const agent = fixture.connect('agent')
    const call = service.call('agent', 'x')
    agent.close('gone')
    await expect(call).rejects.toThrow("the peer disconnected before 'agent' answered x")
  })

  it('gives up when no answer comes in time', async () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    fixture.connect('agent')
    const call = service.call('agent', 'x', {}, 500)
    fixture.pass(500)
    await expect(call).rejects.toMatchObject({ code: 'timeout' })
  })

  it('gets the error of the method it called', async () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    const agent = fixture.connect('agent')
    const call = service.call('agent', 'x')
    const { id, args } = fromPeer(agent)
    const error = { code: -32601, message: 'unimplemented method', data: { detail: 'no' } }
    agent.vip('platform.health', 'RPC', id, JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(args[0]!).id, error }))
    await expect(call).rejects.toMatchObject({ name: 'MethodNotFound' })
  })

  it('takes no answer from another peer than the one it called', async () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    const agent = fixture.connect('agent')
    const stranger = fixture.connect('stranger')
    const call = service.call('agent', 'x')
    const { id, args } = fromPeer(agent)
    const answer = (result: string) => JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(args[0]!).id, result })
    stranger.vip('platform.health', 'RPC', id, answer('forged'))
    agent.vip('platform.health', 'RPC', id, answer('true one'))
    await expect(call).resolves.toBe('true one')
  })

  it('hears who comes and goes', () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    const heard: string[] = []
    service.watchPeers({ onAdd: (peer) => heard.push(`+${peer}`), onDrop: (peer) => heard.push(`-${peer}`) })
    fixture.connect('agent').close('gone')
    expect(heard).toEqual(['+agent', '-agent'])
  })

  it('publishes to those who subscribed', () => {
    const fixture = busFixture()
    const { service } = serviceOn(fixture, 'platform.health')
    const agent = fixture.connect('agent')
    agent.vip('', 'pubsub', 's1', 'subscribe', '{"prefix": "alerts/", "bus": "", "all_platforms": false}')
    agent.heard()
    expect(service.publish('alerts/x', { alert_key: 'k' }, 'grün')).toBe(1)
    const [frames] = agent.heard()
    expect(frames!.slice(4, 7)).toEqual(['pubsub', 'publish', 'alerts/x'])
    expect(JSON.parse(frames![7]!)).toEqual({
      sender: 'platform.health',
      bus: '',
      headers: { alert_key: 'k' },
      message: 'grün',
    })
  })

  it('answers ping and hello', () => {
    const fixture = busFixture()
    serviceOn(fixture, 'platform.health')
    const agent = fixture.connect('agent')
    agent.heard()
    agent.vip('platform.health', 'ping', 'p1', 'ping', 'x')
    expect(fromPeer(agent)).toEqual({ peer: 'platform.health', id: 'p1', subsystem: 'ping', args: ['pong', 'x'] })
    agent.vip('platform.health', 'hello', 'h1', 'hello')
    const args = ['welcome', '1.0', 'platform.health', 'agent']
    expect(fromPeer(agent)).toEqual({ peer: 'platform.health', id: 'h1', subsystem: 'hello', args })
  })

  it('still lets no hello pass from one agent to another, which would end it', () => {
    const fixture = busFixture()
    const agent = fixture.connect('agent')
    const victim = fixture.connect('victim')
    victim.heard()
    agent.vip('victim', 'hello', 'h1', 'hello')
    expect(victim.heard()).toEqual([])
  })

  it('describes its methods as Python agents do', async () => {
    const fixture = busFixture()
    const { methods } = serviceOn(fixture, 'platform.health')
    methods.exportOpen('get_config', () => null, {
      params: ['identity', { name: 'raw', default: true, annotation: 'bool' }],
      doc: 'One configuration.',
      returns: 'str',
    })
    const agent = fixture.connect('agent')
    expect((await ask(agent, 'inspect')).result).toEqual({ methods: ['get_config'] })
    expect((await ask(agent, 'get_config.inspect')).result).toEqual({
      params: {
        identity: { kind: 'POSITIONAL_OR_KEYWORD' },
        raw: { kind: 'POSITIONAL_OR_KEYWORD', default: true, annotation: 'bool' },
      },
      doc: 'One configuration.',
      return: 'str',
    })
  })
})

describe('a method of a service', () => {
  it('is closed to agents without a rule, and open where it is declared so', async () => {
    const fixture = busFixture()
    const { methods } = serviceOn(fixture, 'platform.health')
    methods.export('closed', () => 'secret')
    methods.exportOpen('open', function whoCalls(this: { peer: string }) {
      return this.peer
    })
    fixture.authority.mayCallRpc = (caller) => caller === 'boss'
    const agent = fixture.connect('agent')
    expect((await ask(agent, 'closed')).error).toMatchObject({ code: -32001 })
    expect((await ask(agent, 'open')).result).toBe('agent')
    expect((await ask(fixture.connect('boss'), 'closed')).result).toBe('secret')
  })

  it('that is open here is not open to other platforms', async () => {
    const { bus } = busFixture()
    bus.authority.mayCallRpc = () => false
    const methods = new ServiceMethods('platform.health', bus.authority)
    methods.exportOpen('open', () => 1)
    const call = { kind: 'request', method: 'open', params: { args: [], kwargs: {} }, id: 'q' } as const
    expect(JSON.parse((await methods.serve(call, 'other/agent'))!).error.code).toBe(-32001)
    expect(JSON.parse((await methods.serve(call, 'agent'))!).result).toBe(1)
  })

  it('takes positional, keyword and mixed arguments', async () => {
    const fixture = busFixture()
    const { methods } = serviceOn(fixture, 'platform.health')
    methods.exportOpen('join', (...parts: never[]) => parts.join(), { params: ['a', 'b', { name: 'c', default: 'd' }] })
    const agent = fixture.connect('agent')
    expect((await ask(agent, 'join', [1, 2])).result).toBe('1,2,d')
    expect((await ask(agent, 'join', { b: 2, a: 1 })).result).toBe('1,2,d')
    expect((await ask(agent, 'join', { '*args': [1], '**kwargs': { b: 2, c: 3 } })).result).toBe('1,2,3')
  })
})
