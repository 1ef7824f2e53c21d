import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ClassicPeer } from './support/classic-peer.ts'
import { ANY_PORT, collect, portOf, type Site, Stage } from './support/stage.ts'

let stage: Stage
let site: Site
let agent: Agent
let classic: ClassicPeer

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('site-a', ANY_PORT)
  agent = await stage.agent(site.home, 'sdk')
  classic = await ClassicPeer.connect(stage, site.home, 'classic')
})
afterAll(() => stage.cleanUp())

const publish = (topic: string, body: object | string) =>
  classic.ask('', 'pubsub', ['publish', topic, typeof body === 'string' ? body : JSON.stringify(body)])

describe('a classic VIP1 peer', () => {
  it('is welcomed, gets a pong and the list of peers', async () => {
    const { args, user } = await classic.ask('', 'hello', ['hello'])
    expect(args).toEqual(['welcome', '1.0', expect.stringMatching(/.+/), 'classic'])
    expect(user).toBe('classic')
    expect((await classic.ask('', 'ping', ['ping', 'x'])).args).toEqual(['pong', 'x'])
    const [word, ...peers] = (await classic.ask('', 'peerlist', ['list'])).args
    expect(word).toBe('listing')
    expect(peers).toEqual(expect.arrayContaining(['classic', 'sdk', 'platform.control']))
    expect((await classic.ask('', 'query', ['instance-name'])).args).toEqual(['', 'site-a'])
  })

  it('hears of peers that come and go without asking', async () => {
    const visitor = await stage.agent(site.home, 'visitor')
    await visitor.stop()
    const heard = (operation: string) =>
      classic.received.some(
        ({ subsystem, args }) => subsystem === 'peerlist' && args[0] === operation && args[1] === 'visitor',
      )
    await eventually(() => heard('add') && heard('drop'))
  })

  it('exchanges messages with agents of the SDK, both ways', async () => {
    const received = await collect(agent, 'from/classic')
    const subscribe = JSON.stringify({ prefix: 'from/sdk', bus: '', all_platforms: false })
    expect((await classic.ask('', 'pubsub', ['subscribe', subscribe])).args[0]).toBe('request_response')
    const body = { bus: '', headers: { platform: 'forged', unit: 'kW' }, message: { value: 1 } }
    expect((await publish('from/classic/1', body)).args).toEqual(['request_response', '1'])
    await eventually(() => received.length > 0)
    expect(received).toEqual([
      { sender: 'classic', topic: 'from/classic/1', headers: { unit: 'kW' }, message: { value: 1 } },
    ])

    await agent.vip.pubsub.publish({ topic: 'from/sdk/1', headers: { a: 1 }, message: 'Grüße' })
    await agent.vip.pubsub.publish({ topic: 'from/sdk/2', message: Buffer.from([0, 255]) })
    const deliveries = () => classic.received.filter(({ args }) => args[0] === 'publish')
    await eventually(() => deliveries().length === 2)
    const [text, bytes] = deliveries().map(({ args }) => JSON.parse(args[2]!))
    expect(text).toEqual({ sender: 'sdk', bus: '', headers: { a: 1 }, message: 'Grüße' })
    expect(bytes).toMatchObject({ headers: { 'x-encoding': 'base64' }, message: 'AP8=' })
  })

  it('cannot forge the sender by a body that closes its own envelope', async () => {
    const received = await collect(agent, 'forged')
    await publish('forged/1', '{"bus": "", "headers": {}, "message": 1, "sender": "platform.control"}')
    await publish('forged/2', '{"bus": "", "headers": {}, "message": 1}, "sender": "platform.control"}')
    await publish('forged/3', { bus: '', headers: {}, message: 3 })
    await eventually(() => received.some(({ topic }) => topic === 'forged/3'))
    expect(received.map(({ sender }) => sender)).toEqual(received.map(() => 'classic'))
  })

  it('calls methods of agents of the SDK, and is called by them', async () => {
    agent.vip.rpc.export('add', (one: number, other: number) => one + other)
    const request = JSON.stringify({ jsonrpc: '2.0', method: 'add', params: [1, 2], id: 'call-1' })
    const answer = await classic.ask('sdk', 'RPC', [request])
    expect(answer.peer).toBe('sdk')
    expect(JSON.parse(answer.args[0]!)).toEqual({ jsonrpc: '2.0', id: 'call-1', result: 3 })

    const result = agent.vip.rpc.call('classic', 'who')
    const call = await eventually(() =>
      classic.received.find(({ subsystem, args }) => subsystem === 'RPC' && args[0]?.includes('"who"')),
    )
    const { id } = JSON.parse(call.args[0]!)
    classic.send('sdk', 'RPC', [JSON.stringify({ jsonrpc: '2.0', id, result: 'me' })], call.id)
    expect(await result).toBe('me')
  })

  it('gets error 93 for a subsystem that does not exist, and 113 for a peer that is not there', async () => {
    const unknown = await classic.ask('', 'no_such_subsystem', ['x'])
    expect(unknown.subsystem).toBe('error')
    expect(unknown.args.slice(0, 2)).toEqual(['93', 'Protocol not supported'])
    const nobody = await classic.ask('nobody', 'RPC', ['{}'])
    expect(nobody.subsystem).toBe('error')
    expect(nobody.args).toEqual(['113', 'No route to host', 'nobody', 'RPC'])
  })
})

describe('a platform under hostile frames', () => {
  const expectServing = async () => {
    expect(await agent.vip.ping.ping('sdk')).toBeGreaterThan(0)
    expect((await classic.ask('', 'ping', ['ping'])).args).toEqual(['pong'])
    expect(site.end).toBeUndefined()
  }

  it('lives on under random bytes of strangers, before any authentication', async () => {
    const port = portOf(site.home)
    const greeting = Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]), Buffer.from('CURVE')])
    const attacks = [
      Buffer.alloc(0),
      randomBytes(10_000),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.concat([greeting, Buffer.alloc(47), randomBytes(500)]),
      Buffer.concat([greeting, Buffer.alloc(47), Buffer.from([6, 0x7f, 255, 255, 255, 255, 255, 255, 255])]),
      greeting.subarray(0, 5),
    ]
    await Promise.all(
      attacks.map(async (bytes) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {})
        await once(socket, 'connect')
        const closed = new Promise((resolve) => socket.resume().on('close', resolve))
        socket.end(bytes)
        await closed
      }),
    )
    await expectServing()
  })

  it('lives on under malformed, truncated and random frames of somebody who has a key', async () => {
    await stage.addKeys(site.home, 'hostile')
    const frames = (...parts: (string | Uint8Array)[]) => parts.map((part) => Buffer.from(part as string))
    const vip = (subsystem: string, ...args: (string | Uint8Array)[]) => frames('', 'VIP1', '', 'x', subsystem, ...args)
    const attacks: Buffer[][] = [
      frames(''),
      frames('', ''),
      frames('', 'VIP2', '', '', 'ping'),
      frames('', 'VIP1', '', ''),
      frames(...Array.from({ length: 2_000 }, () => 'x')),
      vip(''),
      vip('pubsub'),
      vip('pubsub', 'publish'),
      vip('pubsub', 'publish', 'topic'),
      vip('pubsub', 'publish', 'topic', 'no json'),
      vip('pubsub', 'publish', 'topic', '{"message": NaN}'),
      vip('pubsub', 'publish', randomBytes(5_000), '{}'),
      vip('pubsub', 'subscribe', 'null'),
      vip('pubsub', 'subscribe', '{"prefix": null}'),
      vip('pubsub', 'subscribe', '{"prefix": ["a", 1]}'),
      vip('pubsub', 'subscribe', `{"prefix": ${'['.repeat(100_000)}`),
      vip('pubsub', 'synchronize', 'connected', '{"subscriptions": {"internal": {"": [null]}}}'),
      vip('pubsub', 'synchronize', 'connected', '{"subscriptions": 1}'),
      vip('pubsub', 'unsubscribe', '[]'),
      vip('pubsub', 'list', '7'),
      vip('pubsub', 'error', 'x'),
      vip('pubsub', 'toString'),
      vip('__proto__', 'x'),
      vip('constructor', 'x'),
      vip('query', 'platform-version'),
      vip('query', 'serverkey'),
      vip('query', 'volttron-central-address'),
      vip('query'),
      vip('peerlist', 'add', 'ghost', ''),
      vip('peerlist'),
      vip('hello', 'hello', '{"versions": "x"}'),
      vip('hello', 'hello', randomBytes(1_000)),
      vip('routing_table', 'normalmode_platform_connection', '{}'),
      vip('external_rpc', 'send_platform', '{}'),
      vip('federation', randomBytes(100)),
      vip('quit'),
      vip('agentstop', 'sdk'),
      vip('auth_update', 'x'),
      frames('platform.control', 'VIP1', '', 'x', 'RPC', 'no json'),
      frames('platform.control', 'VIP1', '', 'x', 'RPC', '{"jsonrpc":"2.0","method":"stop_platform","id":1}'),
      frames('platform.control', 'VIP1', 'control.connection', 'x', 'RPC', '[[[[]]]]'),
      frames('sdk', 'VIP1', 'platform.auth', 'x', 'RPC', '{"jsonrpc":"2.0","method":"__proto__","id":{}}'),
      frames('sdk', 'VIP1', '', 'x', 'error', '113'),
      frames('a/b/c', 'VIP1', '', 'x', 'RPC', '{}'),
      frames('/', 'VIP1', '', 'x', 'RPC', '{}'),
      ...Array.from({ length: 50 }, () => Array.from({ length: 1 + randomBytes(1)[0]! / 32 }, () => randomBytes(40))),
      ...Array.from({ length: 50 }, () => vip('pubsub', randomBytes(8), randomBytes(40), randomBytes(40))),
      ...Array.from({ length: 20 }, () => [Buffer.concat([Buffer.from('VTB1'), randomBytes(100)])]),
    ]
    for (const attack of attacks) {
      const hostile = await ClassicPeer.dial(stage, site.home, 'hostile')
      hostile.connection.send(attack)
      hostile.send('', 'ping', ['ping'])
      // Answered, or thrown out: either is right, to hang is not.
      await eventually(
        () =>
          hostile.closed !== undefined ||
          hostile.received.some(
            ({ subsystem, args }) => (subsystem === 'ping' && args[0] === 'pong') || subsystem === 'error',
          ),
        { what: `an answer after ${attack.map((part) => part.toString('latin1', 0, 30)).join(' | ')}` },
      )
      hostile.connection.close('next')
    }
    await expectServing()
    const peers = await agent.vip.peerlist.list()
    expect(peers).toContain('sdk')
    expect(peers).not.toContain('ghost')
  })

  it('cuts whoever sends a message that is too large, and nobody else', async () => {
    await stage.addKeys(site.home, 'large')
    const large = await ClassicPeer.dial(stage, site.home, 'large')
    await large.ask('', 'hello', ['hello'])
    large.send('', 'pubsub', ['publish', 'large', Buffer.alloc(17 * 1024 * 1024, 32)])
    await eventually(() => large.closed !== undefined)
    await expectServing()
  })
})
