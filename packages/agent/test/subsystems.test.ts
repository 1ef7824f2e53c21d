import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { Agent } from '../src/agent.ts'
import { MethodNotFound, RemoteError, type RpcContext } from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

const started: Agent[] = []
afterEach(async () => {
  for (const agent of started.splice(0)) await agent.stop()
})

async function connect(router: ScriptedRouter, ...rest: [string?, object?]) {
  const made = testAgent(router, ...rest)
  started.push(made.agent)
  await made.agent.start()
  return made
}

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('with %s', (_name, classic) => {
  async function pair() {
    const router = new ScriptedRouter({ classic })
    const { agent: callee } = await connect(router, 'callee', { version: '1.2.3' })
    const { agent: caller, clock } = await connect(router, 'caller')
    return { router, callee, caller, clock }
  }

  it('an agent calls a method of another', async () => {
    const { callee, caller } = await pair()
    callee.vip.rpc.export('add', (a: number, b: number) => a + b, { params: ['a', 'b'] })
    expect(await caller.vip.rpc.call('callee', 'add', 1, 2)).toBe(3)
    expect(await caller.vip.rpc.callWith('callee', 'add', { kwargs: { b: 5, a: 1 } })).toBe(6)
    expect(await caller.vip.rpc.call('callee', 'agent.version')).toBe('1.2.3')
    const { methods } = await caller.vip.rpc.call<{ methods: string[] }>('callee', 'inspect')
    expect(methods).toEqual(expect.arrayContaining(['agent.version', 'health.get_status', 'add']))
  })

  it('an agent is called on another platform by either form, and on its own by the plain name', async () => {
    const { router, callee, caller } = await pair()
    callee.vip.rpc.export('who', () => callee.identity)
    expect(await caller.vip.rpc.callWith('callee', 'who', { platform: 'site-1' })).toBe('callee')
    expect(await caller.vip.rpc.call('site-1/callee', 'who')).toBe('callee')
    const named = { code: 'unavailable', message: "cannot call who: 'site-2/callee' is not connected" }
    await expect(caller.vip.rpc.callWith('callee', 'who', { platform: 'site-2' })).rejects.toMatchObject(named)
    await expect(caller.vip.rpc.call('site-2/callee', 'who')).rejects.toMatchObject(named)
    const sent = router.logged('RPC').length
    for (const [peer, platform] of [
      ['callee', 'no name'],
      ['callee', '123'],
      ['callee', ''],
      ['site-2/callee', 'site-2'],
    ] as const)
      await expect(caller.vip.rpc.callWith(peer, 'who', { platform })).rejects.toMatchObject({ code: 'usage' })
    expect(router.logged('RPC')).toHaveLength(sent)
  })

  it('a method learns who calls when it wants to', async () => {
    const { callee, caller } = await pair()
    callee.vip.rpc.export('who', (from: RpcContext, greeting: string) => `${greeting}, ${from.peer}`, {
      withCaller: true,
    })
    expect(await caller.vip.rpc.call('callee', 'who', 'hello')).toBe('hello, caller')
  })

  it('a call fails with what the method threw', async () => {
    const { callee, caller } = await pair()
    callee.vip.rpc.export('fail', async () => {
      throw new RangeError('too far')
    })
    await expect(caller.vip.rpc.call('callee', 'fail')).rejects.toThrow(RemoteError)
    await expect(caller.vip.rpc.call('callee', 'fail')).rejects.toThrow('too far')
    await expect(caller.vip.rpc.call('callee', 'nothing')).rejects.toThrow(MethodNotFound)
  })

  it('a call to nobody fails at once', async () => {
    const { caller } = await pair()
    await expect(caller.vip.rpc.call('nobody', 'x')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('a call ends after its time-out, and when the connection is lost', async () => {
    const { router, callee, caller, clock } = await pair()
    callee.vip.rpc.export('never', () => new Promise(() => {}))
    const timedOut = expect(caller.vip.rpc.callWith('callee', 'never', { timeoutMs: 700 })).rejects.toMatchObject({
      code: 'timeout',
    })
    await settle()
    clock.advance(700)
    await timedOut
    const lost = expect(caller.vip.rpc.call('callee', 'never')).rejects.toThrow('the cable was pulled')
    await settle()
    router.cut('caller', 'the cable was pulled')
    await lost
    await expect(caller.vip.rpc.call('callee', 'never')).rejects.toThrow('is not connected')
  })

  it('a notification is carried out and not answered', async () => {
    const { router, callee, caller } = await pair()
    const noted = jest.fn()
    callee.vip.rpc.export('note', noted as (text: string) => unknown)
    caller.vip.rpc.notify('callee', 'note', 'x')
    await settle()
    expect(noted).toHaveBeenCalledWith('x')
    expect(router.logged('RPC').filter(({ from }) => from === 'caller')).toHaveLength(1)
    expect(router.logged('RPC').filter(({ args }) => args[0]!.includes('result'))).toEqual([])
  })

  it('pings go round trip, to the router and to peers', async () => {
    const { caller } = await pair()
    expect(await caller.vip.ping.ping()).toBe(0)
    expect(await caller.vip.ping.ping('callee')).toBe(0)
    await expect(caller.vip.ping.ping('nobody')).rejects.toMatchObject({
      code: 'not-found',
      message: "ping of 'nobody' failed: no such peer is connected",
    })
  })

  it('hello introduces, to the router and to peers', async () => {
    const { caller } = await pair()
    expect(await caller.vip.hello()).toEqual({ version: '1.0', peer: 'the-router', identity: 'caller' })
    expect(await caller.vip.hello('callee')).toEqual({ version: '1.0', peer: 'callee', identity: 'caller' })
  })

  it('the peer list is there, and its changes come as events', async () => {
    const { router, caller } = await pair()
    expect((await caller.vip.peerlist.list()).sort()).toEqual(['callee', 'caller'])
    const changes: string[] = []
    caller.vip.peerlist.on('add', (peer) => changes.push(`+${peer}`)).on('drop', (peer) => changes.push(`-${peer}`))
    for (const change of [
      ['add', 'new.agent'],
      ['drop', 'new.agent', 'zmq'],
    ])
      router.peer('caller').send(['', 'VIP1', '', '', 'peerlist', ...change].map((text) => Buffer.from(text)))
    await settle()
    expect(changes).toEqual(['+new.agent', '-new.agent'])
  })

  it('who listens to peers coming and going asks for it on every connection', async () => {
    const { router, caller, clock } = await pair()
    expect(router.logged('peerlist')).toEqual([])
    caller.vip.peerlist.on('add', () => {})
    await settle()
    expect(router.logged('peerlist', 'list')).toHaveLength(1)
    router.cut('caller')
    await settle()
    clock.advance(100)
    await settle()
    expect(router.logged('peerlist', 'list')).toHaveLength(2)
  })

  it('a query answers with the property, or nothing', async () => {
    const { caller } = await pair()
    expect(await caller.vip.query('instance-name')).toBe('site-1')
    expect(await caller.vip.query('unknown')).toBeUndefined()
    expect(await caller.vip.query('version')).toBe('1.0')
    expect(await caller.vip.query('addresses')).toEqual(['tcp://h:1'])
    expect(await caller.vip.query('frequency')).toBe(600)
  })

  it('a call too large for the platform is refused before it harms the connection', async () => {
    const { caller } = await pair()
    await expect(caller.vip.rpc.call('callee', 'x', 'y'.repeat(17_000_000))).rejects.toMatchObject({ code: 'usage' })
  })

  it('a request without answer times out', async () => {
    const { router, caller, clock } = await pair()
    router.subscribeAnswer = 'silent'
    const subscribing = expect(caller.vip.pubsub.subscribe({ prefix: 'p', callback: () => {} })).rejects.toMatchObject({
      code: 'timeout',
      message: "subscribe to 'p' was not answered within 30000 ms",
    })
    await settle()
    clock.advance(30_000)
    await subscribing
  })
})

describe('with a classic router', () => {
  it('nothing is sent that would stop it', async () => {
    const router = new ScriptedRouter({ classic: true })
    const { agent } = await connect(router)
    router.log.length = 0
    await expect(agent.vip.query('platform-version')).rejects.toThrow('classic platform')
    await expect(agent.vip.rpc.call('123', 'x')).rejects.toThrow('reads as JSON')
    expect(router.log).toEqual([])
  })
})
