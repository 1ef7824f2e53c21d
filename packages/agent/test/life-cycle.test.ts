import { describe, expect, it, jest } from '@jest/globals'
import { VipErrno, VolttronError } from '@volttron/vip'
import { ScriptedRouter, unreachable } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

const fail = (what: string): never => {
  throw new Error(what)
}

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('the life of an agent on %s', (_name, classic) => {
  it('waits for a platform that is not up yet', async () => {
    const router = new ScriptedRouter({ classic })
    router.down = unreachable()
    const { agent, clock, errors } = testAgent(router)
    const starting = agent.start()
    expect(agent.state).toBe('connecting')
    for (let tries = 0; tries < 5; tries++) {
      await settle()
      clock.advance(1_000)
    }
    expect(router.dials).toBeGreaterThan(2)
    router.down = undefined
    clock.advance(5_000)
    await starting
    expect(agent.state).toBe('connected')
    expect(agent.instanceName).toBe('site-1')
    expect(errors).toEqual([])
    await agent.stop()
    expect(clock.pending).toBe(0)
  })

  it('says what was wrong when no platform answers in time, and may be started again', async () => {
    const router = new ScriptedRouter({ classic })
    router.down = unreachable()
    const { agent, clock } = testAgent(router)
    const starting = agent.start({ timeoutMs: 3_000 })
    const failed = expect(starting).rejects.toMatchObject({
      code: 'timeout',
      message: "agent 'tester' found no platform within 3000 ms: connection refused",
    })
    await settle()
    clock.advance(3_000)
    await failed
    expect(clock.pending).toBe(0)
    router.down = undefined
    await agent.start()
    expect(agent.state).toBe('connected')
    await agent.stop()
  })

  it('is refused at once when another live copy has its identity', async () => {
    const router = new ScriptedRouter({ classic })
    router.refuse = VipErrno.addressInUse.code
    const { agent, clock } = testAgent(router, 'twin')
    await expect(agent.start()).rejects.toMatchObject({
      code: 'denied',
      message: "agent 'twin': the platform refused the connection: Identity already in use",
      hint: expect.stringContaining('stop the other copy'),
    })
    expect(router.dials).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('keeps trying, slowly, when it is refused after a reconnect', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router)
    const refused = jest.fn()
    agent.on('refused', refused)
    await agent.start()
    router.refuse = VipErrno.addressInUse.code
    router.cut('tester')
    await settle()
    clock.advance(100)
    await settle()
    expect(refused).toHaveBeenCalledTimes(1)
    expect(clock.nextInMs).toBeGreaterThanOrEqual(2_500)
    router.refuse = undefined
    clock.advance(5_000)
    await settle()
    expect(agent.state).toBe('connected')
    await agent.stop()
  })

  it('waits longer from one failed attempt to the next, up to 1 s', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router)
    await agent.start()
    router.down = unreachable()
    router.cut('tester')
    const waits: number[] = []
    for (let tries = 0; tries < 9; tries++) {
      await settle()
      waits.push(clock.nextInMs)
      clock.advance(clock.nextInMs)
    }
    expect(waits).toEqual([75, 150, 300, 600, 750, 750, 750, 750, 750])
    await agent.stop()
    expect(clock.pending).toBe(0)
  })

  it('gives up a router that does not answer hello, and dials anew', async () => {
    const router = new ScriptedRouter({ classic })
    const dial = router.dial
    let silent = true
    Object.assign(router, {
      dial: async (...args: Parameters<typeof dial>) => {
        const connection = await dial(...args)
        if (silent) connection.send = () => {}
        silent = false
        return connection
      },
    })
    const { agent, clock } = testAgent(router)
    const starting = agent.start()
    await settle()
    clock.advance(15_000)
    await settle()
    clock.advance(1_000)
    await starting
    expect(router.dials).toBe(2)
    await agent.stop()
  })

  it('lets what is queued leave before it stops, and says good-bye', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router)
    await agent.start()
    for (let message = 0; message < 10; message++) agent.vip.pubsub.write({ topic: 't', message })
    const awaited = agent.vip.pubsub.publish({ topic: 't', message: 10 })
    const stopping = agent.stop()
    expect(agent.stop()).toBe(stopping)
    await stopping
    expect(await awaited).toBe(0)
    expect(router.published).toHaveLength(11)
    expect(router.logged('agentstop')).toEqual([{ from: 'tester', subsystem: 'agentstop', args: ['tester'] }])
    expect(agent.state).toBe('stopped')
    await settle()
    expect(router.peers.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('waits at most a second for a platform that does not answer any more', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router)
    await agent.start()
    router.publishAnswer = 'silent'
    const awaited = agent.vip.pubsub.publish({ topic: 't' })
    const rejected = expect(awaited).rejects.toThrow('the agent was stopped before the platform confirmed')
    const stopping = agent.stop()
    await settle()
    clock.advance(1_000)
    await stopping
    await rejected
    expect(clock.pending).toBe(0)
  })

  it('can be stopped at any time', async () => {
    const router = new ScriptedRouter({ classic })
    await testAgent(router).agent.stop()

    router.down = unreachable()
    const waiting = testAgent(router)
    const rejected = expect(waiting.agent.start()).rejects.toThrow("agent 'tester' was stopped")
    await settle()
    await waiting.agent.stop()
    await rejected
    expect(waiting.agent.state).toBe('stopped')
    expect(waiting.clock.pending).toBe(0)

    router.down = undefined
    const dialling = testAgent(router)
    const abandoned = expect(dialling.agent.start()).rejects.toThrow('was stopped')
    await dialling.agent.stop()
    await abandoned
    await settle()
    expect(router.peers.size).toBe(0)
    expect(dialling.clock.pending).toBe(0)

    const lost = testAgent(router)
    await lost.agent.start()
    router.down = unreachable()
    router.cut('tester')
    await settle()
    const queued = expect(lost.agent.vip.pubsub.publish({ topic: 't' })).rejects.toThrow('was stopped')
    await lost.agent.stop()
    await queued
    expect(lost.clock.pending).toBe(0)
  })

  it('cannot publish before the start nor after the stop', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = testAgent(router)
    await expect(agent.vip.pubsub.publish({ topic: 't' })).rejects.toThrow('is not started')
    expect(() => agent.vip.pubsub.write({ topic: 't' })).toThrow('is not started')
    await agent.start()
    await expect(agent.start()).rejects.toThrow('it is connected already')
    await agent.stop()
    await expect(agent.vip.pubsub.publish({ topic: 't' })).rejects.toThrow('was stopped')
    await expect(agent.start()).rejects.toThrow('it is stopped already')
  })

  it.each([
    ['at once', fail],
    ['later', async (what: string) => fail(what)],
  ])('survives listeners that fail %s', async (_when, listener) => {
    const router = new ScriptedRouter({ classic })
    const { agent, errors } = testAgent(router)
    agent.on('connected', () => listener('connected'))
    agent.vip.peerlist.on('add', () => listener('add'))
    agent.vip.health.on('change', () => listener('change'))
    await agent.start()
    router.peer('tester').send(['', 'VIP1', '', '', 'peerlist', 'add', 'other'].map((text) => Buffer.from(text)))
    await settle()
    agent.vip.health.setStatus('BAD')
    await settle()
    expect(errors.map(({ message }) => message)).toEqual(['connected', 'add', 'change'])
    expect(agent.state).toBe('connected')
    await agent.stop()
  })

  it('tells of a listener of errors that fails itself, once', async () => {
    const { agent } = testAgent(new ScriptedRouter({ classic }))
    agent.on('error', async () => fail('of no use'))
    agent.on('connected', () => fail('connected'))
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      await agent.start()
      await settle()
      expect(write.mock.calls).toEqual([["agent 'tester': a listener of 'error' failed: of no use\n"]])
    } finally {
      write.mockRestore()
    }
    await agent.stop()
  })

  it('answers a ping ahead of all that waits', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = testAgent(router)
    await agent.start()
    router
      .peer('tester')
      .send(['', 'VIP1', '', 'challenge', 'ping', 'ping', 'are you alive'].map((text) => Buffer.from(text)))
    await settle()
    expect(router.logged('ping')).toEqual([{ from: 'tester', subsystem: 'ping', args: ['pong', 'are you alive'] }])
    await agent.stop()
  })

  it('shrugs off messages that make no sense', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent } = testAgent(router)
    await agent.start()
    const peer = router.peer('tester')
    for (const frames of [
      ['only one'],
      ['', 'VIP1', '', 'x', 'nobody-knows-this'],
      ['', 'VIP1', '', 'x', 'pubsub'],
      ['', 'VIP1', '', 'x', 'pubsub', 'publish', 'topic', 'not json'],
      ['', 'VIP1', '', 'x', 'peerlist'],
      ['', 'VIP1', '', 'x', 'error'],
      ['', 'VIP1', '', 'x', 'RPC', '{broken'],
      ['', 'VIP1', '', 'x', 'hello'],
      ['', 'VIP1', '', 'x', 'ping'],
      ['', 'VIP1', '', 'x', 'query'],
    ])
      peer.send(frames.map((text) => Buffer.from(text)))
    await settle()
    expect(agent.state).toBe('connected')
    expect(await agent.vip.pubsub.publish({ topic: 't' })).toBe(0)
    await agent.stop()
  })
})

it('does not wait for a platform when trying again is useless', async () => {
  const router = new ScriptedRouter()
  for (const code of ['denied', 'config'] as const) {
    router.down = new VolttronError(code, 'wrong key')
    const { agent, clock } = testAgent(router)
    await expect(agent.start()).rejects.toMatchObject({ code })
    expect(clock.pending).toBe(0)
  }
})
