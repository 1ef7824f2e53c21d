import { describe, expect, it } from '@jest/globals'
import { Agent, formatTimestamp, timestampHeaders } from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent, testAgentOf } from './test-agent.ts'

const published = (router: ScriptedRouter, prefix: string) =>
  router.published
    .filter(({ topic }) => topic.startsWith(prefix))
    .map(({ topic, headers, body }) => ({ topic, headers: JSON.parse(headers), message: JSON.parse(body.toString()) }))

const VERSIONS = { min_compatible_version: '3.0', max_compatible_version: '' }

describe.each([
  ['a router of ours', false],
  ['a classic router', true],
])('the heartbeat on %s', (_name, classic) => {
  const heartbeats = (router: ScriptedRouter) => published(router, 'heartbeat/')

  it('comes with the start and every period, in the form of Python agents', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router, 'tester', { heartbeatPeriodMs: 10_000 })
    await agent.start()
    for (let seconds = 0; seconds < 25; seconds++) {
      clock.advance(1_000)
      await settle()
    }
    const first = { topic: 'heartbeat/tester', message: 'GOOD' }
    expect(heartbeats(router)).toEqual([
      { ...first, headers: { TimeStamp: '2029-01-01T00:00:00.000000+00:00', ...VERSIONS } },
      { ...first, headers: { TimeStamp: '2029-01-01T00:00:10.000000+00:00', ...VERSIONS } },
      { ...first, headers: { TimeStamp: '2029-01-01T00:00:20.000000+00:00', ...VERSIONS } },
    ])
    await agent.stop()
    expect(clock.pending).toBe(0)
  })

  it('does not come unless asked for, by the agent or by others', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock } = testAgent(router)
    const { agent: operator } = testAgent(router, 'operator')
    await Promise.all([agent.start(), operator.start()])
    clock.advance(600_000)
    expect(router.published).toEqual([])
    const beats = async (ms: number) => {
      const before = router.published.length
      for (let step = 0; step <= 10; step++) {
        clock.advance(step === 0 ? 0 : ms / 10)
        await settle()
      }
      return router.published.length - before
    }
    const call = (method: string, ...args: unknown[]) => operator.vip.rpc.call('tester', `heartbeat.${method}`, ...args)
    expect(await call('start')).toBeNull()
    expect(agent.vip.heartbeat).toMatchObject({ isRunning: true, periodMs: 60_000 })
    expect(await beats(60_000)).toBe(2)
    await call('set_period', 5)
    expect(await beats(10_000)).toBe(3)
    await call('stop')
    expect(await beats(60_000)).toBe(0)
    await call('start_with_period', 0.5)
    expect(await beats(900)).toBe(2)
    await call('restart')
    expect(await beats(0)).toBe(1)
    await expect(call('set_period', 0)).rejects.toMatchObject({ code: -32602 })
    await expect(call('start_with_period', 'fast')).rejects.toMatchObject({ code: -32602 })
    expect(() => agent.vip.heartbeat.setPeriod(-1)).toThrow(expect.objectContaining({ code: 'usage' }))
    await Promise.all([agent.stop(), operator.stop()])
  })

  it('comes at once after a reconnect and when the status changes, and not in vain', async () => {
    const router = new ScriptedRouter({ classic })
    const { agent, clock, errors } = testAgent(router, 'tester', { heartbeatPeriodMs: 100_000 })
    await agent.start()
    clock.advance(0)
    agent.vip.health.setStatus('GOOD', 'as before')
    clock.advance(0)
    agent.vip.health.setStatus('BAD', 'no meter')
    clock.advance(0)
    await settle()
    expect(heartbeats(router).map(({ message }) => message)).toEqual(['GOOD', 'BAD'])
    router.cut('tester')
    agent.vip.health.setStatus('UNKNOWN')
    clock.advance(0)
    await settle()
    clock.advance(1_000)
    await settle()
    clock.advance(0)
    await settle()
    expect(heartbeats(router).map(({ message }) => message)).toEqual(['GOOD', 'BAD', 'UNKNOWN'])
    expect(errors).toEqual([])
    await agent.stop()
  })
})

describe('the health of an agent', () => {
  it('is told in the form of Python agents, and may be set by others', async () => {
    const router = new ScriptedRouter()
    const { agent, clock } = testAgent(router)
    await agent.start()
    const changes: unknown[] = []
    agent.vip.health.on('change', ({ value, context }) => changes.push([value, context]))
    const call = (method: string, ...args: unknown[]) => agent.vip.rpc.call('tester', `health.${method}`, ...args)
    const at = (ms: number) => formatTimestamp(new Date(clock.epochMs + ms))
    expect(await call('get_status')).toEqual({ status: 'GOOD', context: null, last_updated: at(1_000) })
    clock.advance(500)
    expect(await call('set_status', 'BAD', { meter: 'lost' })).toBeNull()
    const bad = { status: 'BAD', context: { meter: 'lost' }, last_updated: at(1_500) }
    expect(await call('get_status')).toEqual(bad)
    expect(JSON.parse((await call('get_status_json')) as string)).toEqual(bad)
    expect(agent.vip.health.status.value).toBe('BAD')
    await call('set_status', 'BAD')
    await call('set_status', 'STARTING')
    expect(changes).toEqual([
      ['BAD', { meter: 'lost' }],
      ['STARTING', null],
    ])
    await expect(call('set_status', 'FINE')).rejects.toMatchObject({ code: -32602 })
    expect(() => agent.vip.health.setStatus('FINE' as never)).toThrow('GOOD, BAD, STARTING, UNKNOWN')
    expect(() => agent.vip.health.setStatus('BAD', 1n)).toThrow(expect.objectContaining({ code: 'bad-data' }))
    expect(agent.vip.health.status.value).toBe('STARTING')
    await agent.stop()
  })

  it('becomes an alert, filed under class, platform and identity', async () => {
    class Thermostat extends Agent {}
    const router = new ScriptedRouter()
    const { agent, clock } = testAgentOf(Thermostat, router, 'room.1')
    await agent.start()
    await agent.vip.health.sendAlert('too_hot', { context: '40 C' })
    await agent.vip.rpc.call('room.1', 'health.send_alert', 'again', { status: 'UNKNOWN' })
    await expect(agent.vip.rpc.call('room.1', 'health.send_alert', 'x', { status: 'no' })).rejects.toThrow(
      'a status is',
    )
    const last_updated = formatTimestamp(new Date(clock.wallClock()))
    const alerts = published(router, 'alerts/')
    expect(alerts).toEqual([
      {
        topic: 'alerts/Thermostat/site-1_room_1',
        headers: { alert_key: 'too_hot', ...VERSIONS },
        message: expect.any(String),
      },
      expect.objectContaining({ headers: { alert_key: 'again', ...VERSIONS } }),
    ])
    expect(JSON.parse(alerts[0]!.message)).toEqual({ status: 'BAD', context: '40 C', last_updated })
    expect(JSON.parse(alerts[1]!.message)).toEqual({ status: 'UNKNOWN', context: null, last_updated })
    await agent.stop()
  })
})

it('time stamps are those of Python agents', () => {
  expect(timestampHeaders(new Date('2029-12-31T23:59:59.123Z'))).toEqual({
    TimeStamp: '2029-12-31T23:59:59.123000+00:00',
    ...VERSIONS,
  })
  expect(Date.parse(String(timestampHeaders().TimeStamp))).toBeLessThanOrEqual(Date.now())
})
