import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import type { Agent } from '../src/agent.ts'
import { ScriptedRouter, unreachable } from './scripted-router.ts'
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
])('publish and subscribe with %s', (_name, classic) => {
  it('calls back with peer, sender, bus, topic, headers and message', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent: publisher } = await connect(router, 'publisher')
    const { agent: subscriber } = await connect(router, 'subscriber')
    const onHeartbeat = jest.fn()
    await subscriber.vip.pubsub.subscribe({
      peer: 'pubsub',
      prefix: 'global/heartbeat',
      callback: onHeartbeat,
      allPlatforms: true,
    })
    const receivers = await publisher.vip.pubsub.publish({
      peer: 'pubsub',
      topic: 'global/heartbeat/1',
      message: { status: 'active', café: '日本' },
      headers: { Date: 'today' },
      bus: 'b',
    })
    await settle()
    expect(receivers).toBe(1)
    expect(onHeartbeat.mock.calls).toEqual([
      ['pubsub', 'publisher', 'b', 'global/heartbeat/1', { Date: 'today' }, { status: 'active', café: '日本' }],
    ])
  })

  it('carries bytes as bytes', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const received: unknown[] = []
    await agent.vip.pubsub.subscribe({
      prefix: 'b',
      callback: (_peer, _sender, _bus, _topic, headers, message) => received.push([headers, message]),
    })
    await agent.vip.pubsub.publish({ topic: 'b', message: Buffer.from([0, 255, 1]), headers: { k: 1 } })
    await settle()
    expect(received).toEqual([[{ k: 1 }, Buffer.from([0, 255, 1])]])
  })

  it('reads the bytes of a classic publisher, which travel as text', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const received: unknown[] = []
    await agent.vip.pubsub.subscribe({
      prefix: 'b',
      callback: (_peer, _sender, _bus, _topic, headers, message) => received.push([headers, message]),
    })
    router.deliver('tester', { topic: 'b', headersJson: '{"x-encoding": "base64", "k": 1}', body: '"AP8B"' })
    await settle()
    expect(received).toEqual([[{ k: 1 }, Buffer.from([0, 255, 1])]])
  })

  it('sends null for what JSON cannot say, and reads the NaN of Python', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const received: unknown[] = []
    await agent.vip.pubsub.subscribe({ prefix: '', callback: (...args) => received.push(args[5]) })
    await agent.vip.pubsub.publish({ topic: 't', message: [Number.NaN, undefined] })
    await agent.vip.pubsub.publish({ topic: 't' })
    router.deliver('tester', { topic: 't', body: '{"a": NaN, "b": -Infinity}' })
    await settle()
    expect(received).toEqual([[null, null], null, { a: Number.NaN, b: Number.NEGATIVE_INFINITY }])
  })

  it('never lets an agent write the platform header', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    await agent.vip.pubsub.publish({ topic: 't', headers: { platform: 'forged', a: 1 } })
    expect(JSON.parse(router.published[0]!.headers)).toEqual({ a: 1 })
  })

  it('reports what a callback throws and goes on', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, errors } = await connect(router)
    const after = jest.fn()
    await agent.vip.pubsub.subscribe({
      prefix: 't',
      callback: () => {
        throw new Error('at once')
      },
    })
    await agent.vip.pubsub.subscribe({ prefix: 't', callback: () => Promise.reject(new Error('later')) })
    await agent.vip.pubsub.subscribe({ prefix: 't', callback: after })
    await agent.vip.pubsub.publish({ topic: 't' })
    await settle()
    expect(errors.map(({ message }) => message)).toEqual(['at once', 'later'])
    expect(after).toHaveBeenCalledTimes(1)
    expect(agent.state).toBe('connected')
  })

  it('rejects a publish the platform refuses', async () => {
    const router = new ScriptedRouter({ classic })
    router.publishAnswer = { status: 32001, text: 'not for you' }
    const { agent } = await connect(router)
    await expect(agent.vip.pubsub.publish({ topic: 'secret' })).rejects.toMatchObject({
      code: 'denied',
      message: "publish to 'secret' is not allowed: not for you",
    })
  })

  it('reports writes the platform refuses, without a flood', async () => {
    const router = new ScriptedRouter({ classic })
    router.publishAnswer = { status: 32001, text: 'not for you' }
    const { agent, errors, clock } = await connect(router)
    for (let count = 0; count < 100; count++) agent.vip.pubsub.write({ topic: 'secret' })
    await settle()
    expect(errors).toHaveLength(1)
    expect(errors[0]!.message).toContain('is not allowed: not for you')
    clock.advance(1_000)
    agent.vip.pubsub.write({ topic: 'secret' })
    await settle()
    expect(errors[1]!.message).toContain('and 99 more')
  })

  it('rejects a subscription the platform refuses, and calls nobody', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const callback = jest.fn()
    router.subscribeAnswer = 'deny'
    await expect(agent.vip.pubsub.subscribe({ prefix: 'secret', callback })).rejects.toMatchObject({ code: 'denied' })
    router.subscribeAnswer = Buffer.from([0])
    await expect(agent.vip.pubsub.subscribe({ prefix: 'secret', callback })).rejects.toMatchObject({ code: 'denied' })
    router.deliver('tester', { topic: 'secret', body: '1' })
    await settle()
    expect(callback).not.toHaveBeenCalled()
  })

  it('stops calling after unsubscribe and tells the router when the last callback of a prefix goes', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const [one, two] = [jest.fn(), jest.fn()]
    await agent.vip.pubsub.subscribe({ prefix: 't', callback: one })
    await agent.vip.pubsub.subscribe({ prefix: 't', callback: two, allPlatforms: true })
    expect(await agent.vip.pubsub.unsubscribe({ prefix: 't', callback: one })).toBe(true)
    await agent.vip.pubsub.publish({ topic: 't' })
    await settle()
    expect([one, two].map((callback) => callback.mock.calls.length)).toEqual([0, 1])
    expect(router.logged('pubsub', 'unsubscribe').map(({ args }) => JSON.parse(args[1]!))).toEqual([
      { internal: { prefix: 't', bus: classic ? 'pubsub' : '' } },
    ])
    expect(await agent.vip.pubsub.unsubscribe({ prefix: 'never' })).toBe(false)
  })

  it('lists subscriptions', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    await agent.vip.pubsub.subscribe({ prefix: 'x', callback: () => {} })
    expect(await agent.vip.pubsub.list()).toEqual([{ bus: '', prefix: 'x', subscribed: true }])
  })

  it('refuses what no platform would carry', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    const { pubsub } = agent.vip
    await expect(pubsub.publish({ topic: 'x'.repeat(1_025) })).rejects.toThrow('1025 characters')
    await expect(pubsub.publish({ topic: 't', message: Buffer.alloc(16 * 1024 * 1024 + 1) })).rejects.toThrow('bytes')
    await expect(pubsub.publish({ topic: 't', message: 1n })).rejects.toMatchObject({ code: 'bad-data' })
    await expect(pubsub.publish({ topic: 't', headers: [] as never })).rejects.toThrow('headers')
    await expect(pubsub.subscribe({ prefix: null as never, callback: () => {} })).rejects.toThrow('prefix')
    expect(() => pubsub.write({ topic: 7 as never })).toThrow('a topic is text')
    expect(router.published).toEqual([])
  })

  it('refuses what finds the queue full, and says when there is room again', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = await connect(router, 'tester', { sendQueueMessages: 4 })
    const drain = jest.fn()
    agent.on('drain', drain)
    router.down = unreachable()
    router.cut('tester')
    await settle()
    expect(agent.state).toBe('reconnecting')
    const mayGoOn = [1, 2, 3, 4].map((message) => agent.vip.pubsub.write({ topic: 't', message }))
    expect(mayGoOn).toEqual([true, true, false, false])
    expect(() => agent.vip.pubsub.write({ topic: 't', message: 5 })).toThrow('the send queue')
    await expect(agent.vip.pubsub.publish({ topic: 't' })).rejects.toMatchObject({ code: 'unavailable' })
    expect(drain).not.toHaveBeenCalled()
    router.down = undefined
    clock.advance(5_000)
    await settle()
    expect(drain).toHaveBeenCalledTimes(1)
    expect(router.published.map(({ body }) => Number(body))).toEqual([1, 2, 3, 4])
  })

  it('restores subscriptions on a new connection, then sends what has waited, in order', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = await connect(router)
    const received: unknown[] = []
    const events: string[] = []
    agent.on('connected', () => events.push('connected')).on('disconnected', (why) => events.push(why))
    await agent.vip.pubsub.subscribe({ prefix: 'a', callback: (...args) => received.push(args[5]) })
    await agent.vip.pubsub.subscribe({ prefix: 'b', callback: () => {}, allPlatforms: true })
    router.down = unreachable()
    router.cut('tester')
    await settle()
    for (const message of [1, 2, 3]) agent.vip.pubsub.write({ topic: 'a', message })
    const awaited = agent.vip.pubsub.publish({ topic: 'a', message: Buffer.from('four') })
    clock.advance(200)
    await settle()
    router.down = undefined
    router.log.length = 0
    clock.advance(5_000)
    await settle()
    expect(await awaited).toBe(1)
    await settle()
    expect(received).toEqual([1, 2, 3, Buffer.from('four')])
    expect(events).toEqual(['the network is gone', 'connected'])
    const bus = classic ? 'pubsub' : ''
    expect(JSON.parse(router.logged('pubsub', 'synchronize')[0]!.args[2]!)).toEqual({
      subscriptions: { internal: { [bus]: ['a'] }, all: { [bus]: ['b'] } },
    })
    // A Python router forgets what came by synchronize only.
    expect(router.logged('pubsub', 'subscribe')).toHaveLength(classic ? 2 : 0)
  })

  it('rejects what waits for an answer when the connection is lost', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = await connect(router)
    router.publishAnswer = 'silent'
    router.subscribeAnswer = 'silent'
    const publish = agent.vip.pubsub.publish({ topic: 't' })
    const subscribe = agent.vip.pubsub.subscribe({ prefix: 't', callback: () => {} })
    await settle()
    router.cut('tester', 'the cable was pulled')
    await expect(publish).rejects.toThrow("the cable was pulled before the platform confirmed the publish to 't'")
    // Nobody refused it, so it is kept and restored.
    await subscribe
  })

  it('tells a router anew what it wants when it gets what nobody wants', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = await connect(router)
    await agent.vip.pubsub.subscribe({ prefix: 'wanted', callback: () => {} })
    const before = router.logged('pubsub', 'synchronize').length
    for (let count = 0; count < 5; count++) router.deliver('tester', { topic: 'other', body: '1' })
    await settle()
    expect(router.logged('pubsub', 'synchronize')).toHaveLength(before + 1)
    clock.advance(2_000)
    router.deliver('tester', { topic: 'other', body: '1' })
    await settle()
    expect(router.logged('pubsub', 'synchronize')).toHaveLength(before + 2)
  })

  it('keeps subscriptions made before the start', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = testAgent(router)
    started.push(agent)
    const callback = jest.fn()
    await agent.vip.pubsub.subscribe({ prefix: 't', callback })
    await agent.start()
    await agent.vip.pubsub.publish({ topic: 't' })
    await settle()
    expect(callback).toHaveBeenCalledTimes(1)
  })
})

describe('publish and subscribe with a router of ours', () => {
  it('names the platform on remote deliveries only, whatever the headers say', async () => {
    const router = new ScriptedRouter()
    const { agent } = await connect(router)
    const received: unknown[] = []
    await agent.vip.pubsub.subscribe({
      prefix: '',
      callback: (...args) => received.push([args[1], args[4]]),
      allPlatforms: true,
    })
    const headersJson = '{"platform": "forged"}'
    router.deliver('tester', { topic: 't', body: '1', sender: 'a', platform: 'site-2' })
    router.deliver('tester', { topic: 't', body: '1', sender: 'a', platform: 'site-2', headersJson })
    router.deliver('tester', { topic: 't', body: '1', sender: 'b', headersJson })
    await settle()
    expect(received).toEqual([
      ['a', { platform: 'site-2' }],
      ['a', { platform: 'site-2' }],
      ['b', {}],
    ])
  })

  it('says how long a message has waited', async () => {
    const router = new ScriptedRouter()
    const { agent, clock } = await connect(router)
    router.cut('tester')
    await settle()
    agent.vip.pubsub.write({ topic: 't' })
    clock.advance(3_000)
    await settle()
    expect(router.published[0]?.ageMs).toBeGreaterThanOrEqual(100)
    expect(router.published[0]?.ageMs).toBeLessThanOrEqual(3_000)
  })

  it('reports a body that is not the JSON it claims to be', async () => {
    const router = new ScriptedRouter()
    const { agent, errors } = await connect(router)
    const callback = jest.fn()
    await agent.vip.pubsub.subscribe({ prefix: '', callback })
    router.deliver('tester', { topic: 't', body: '{broken' })
    await settle()
    expect(callback).not.toHaveBeenCalled()
    expect(errors[0]?.message).toContain('not JSON')
  })

  it('waits for credit and loses nothing', async () => {
    const router = new ScriptedRouter()
    const { agent } = await connect(router, 'tester', { sendQueueMessages: 1_000 })
    const total = 30_000
    let next = 0
    let drains = 0
    const writeAll = () => {
      while (next < total) if (!agent.vip.pubsub.write({ topic: `t/${next % 7}`, message: next++ })) return
    }
    agent.on('drain', () => {
      drains++
      writeAll()
    })
    writeAll()
    expect(next).toBeLessThan(total)
    await eventually(() => router.published.length === total)
    expect(router.published.every(({ body }, index) => Number(body) === index)).toBe(true)
    expect(drains).toBeGreaterThan(0)
  })
})

describe('publish and subscribe with a classic router', () => {
  it.each([
    ['4 bytes', Buffer.from([3, 0, 0, 0]), 3],
    ['JSON text', Buffer.from('12'), 12],
    ['one byte', Buffer.from([1]), 1],
    ['a double', Buffer.from('0000000000000840', 'hex'), 3],
    ['nonsense', Buffer.from('what'), 0],
  ])('reads a publish result written as %s', async (_form, answer, count) => {
    const router = new ScriptedRouter({ classic: true })
    router.publishAnswer = answer
    const { agent } = await connect(router)
    expect(await agent.vip.pubsub.publish({ topic: 't' })).toBe(count)
  })

  it('writes ASCII only and always an object of headers', async () => {
    const router = new ScriptedRouter({ classic: true })
    const { agent } = await connect(router)
    await agent.vip.pubsub.publish({ topic: 't', message: '\u00e9\u65e5' })
    expect(router.logged('pubsub', 'publish')[0]!.args).toEqual([
      'publish',
      't',
      '{"bus": "", "headers": {}, "message": "\\u00e9\\u65e5"}',
    ])
  })

  it('sends no topic that a Python router would take for a number', async () => {
    const router = new ScriptedRouter({ classic: true })
    const { agent } = await connect(router)
    await expect(agent.vip.pubsub.publish({ topic: '123' })).rejects.toMatchObject({ code: 'bad-data' })
    await agent.vip.pubsub.publish({ topic: '123/a' })
    expect(router.published).toHaveLength(1)
  })

  it('accepts the one byte of a Python subscribe result', async () => {
    const router = new ScriptedRouter({ classic: true })
    router.subscribeAnswer = Buffer.from([1])
    const { agent } = await connect(router)
    await expect(agent.vip.pubsub.subscribe({ prefix: 't', callback: () => {} })).resolves.toBeUndefined()
  })

  it('takes no delivery from a peer', async () => {
    const router = new ScriptedRouter({ classic: true })
    const { agent } = await connect(router)
    const { agent: forger } = await connect(router, 'forger')
    const callback = jest.fn()
    await agent.vip.pubsub.subscribe({ prefix: '', callback })
    router
      .peer('tester')
      .send(
        [Buffer.from('forger'), Buffer.from('VIP1'), Buffer.alloc(0), Buffer.from('x'), Buffer.from('pubsub')].concat(
          ['publish', 't', '{"sender":"platform.control","bus":"","headers":{},"message":1}'].map((text) =>
            Buffer.from(text),
          ),
        ),
      )
    await settle()
    expect(callback).not.toHaveBeenCalled()
    expect(forger.state).toBe('connected')
  })

  it('stops handing over when the socket is full, and goes on when it has room', async () => {
    const router = new ScriptedRouter({ classic: true })
    let dialled: { stall(on: boolean): void } | undefined
    const dial = router.dial
    Object.assign(router, {
      dial: async (...args: Parameters<typeof dial>) => {
        const connection = await dial(...args)
        dialled = connection as never
        return connection
      },
    })
    const { agent } = await connect(router, 'tester', { sendQueueMessages: 10 })
    dialled!.stall(true)
    const message = 'x'.repeat(100_000)
    let taken = 0
    expect(() => {
      for (;;) {
        agent.vip.pubsub.write({ topic: 't', message })
        taken++
      }
    }).toThrow('the send queue')
    expect(taken).toBe(13)
    dialled!.stall(false)
    await settle()
    expect(router.published).toHaveLength(13)
  })
})
