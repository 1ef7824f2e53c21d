import { beforeEach, describe, expect, it } from '@jest/globals'
import { exportHealthService } from '../src/services/health-service.ts'
import { type BusFixture, busFixture, type FakeConnection } from './bus-fixture.ts'
import { Caller, serviceOn, settled } from './service-fixture.ts'

let fixture: BusFixture
let seconds: number
beforeEach(() => {
  fixture = busFixture()
  seconds = 0
  serviceOn(fixture, 'platform.control')
  const { methods, service } = serviceOn(fixture, 'platform.health')
  exportHealthService(methods, {
    service,
    identities: [...fixture.bus.peers.values()].map(({ identity }) => identity),
    unixMs: () => Date.UTC(2026, 0, 1) + ++seconds * 1_000,
  })
})

const at = (second: number) => `2026-01-01T00:00:0${second}.000000+00:00`
const publish = (agent: FakeConnection, topic: string, message: unknown) =>
  agent.vip('', 'pubsub', 'p1', 'publish', topic, JSON.stringify({ bus: '', headers: {}, message }))

async function healthSeenBy(connection: FakeConnection): Promise<Record<string, object>> {
  const answer = new Caller(connection).call('platform.health', 'get_platform_health')
  await settled()
  return answer()!.result as Record<string, object>
}

describe('the health service', () => {
  it('tells of every agent since when it is connected, and its last heartbeat, in the shape of Python', async () => {
    const agent = fixture.connect('agent')
    publish(agent, 'heartbeat/agent', 'GOOD')
    publish(agent, 'heartbeat/agent', 'BAD')
    const health = await healthSeenBy(fixture.connect('quiet'))
    expect(health.agent).toEqual({
      peer: 'agent',
      service_agent: false,
      connected: at(3),
      last_heartbeat: at(5),
      message: 'BAD',
    })
    expect(health.quiet).toEqual({ peer: 'quiet', service_agent: false, connected: at(6) })
    expect(health['platform.control']).toMatchObject({ service_agent: true })
  })

  it('forgets who has gone', async () => {
    fixture.connect('agent').close('gone')
    expect(await healthSeenBy(fixture.connect('quiet'))).not.toHaveProperty('agent')
  })

  it('leaves the command lines of the operator out', async () => {
    fixture.connect('control.connection')
    const health = await healthSeenBy(fixture.connect('agent'))
    expect(Object.keys(health).sort()).toEqual(['agent', 'platform.control', 'platform.health'])
  })

  it('takes a heartbeat for that of its publisher, whatever name stands in the topic', async () => {
    const agent = fixture.connect('agent')
    fixture.connect('victim')
    publish(agent, 'heartbeat/victim', 'BAD')
    const health = await healthSeenBy(agent)
    expect(health.victim).not.toHaveProperty('message')
    expect(health.agent).toMatchObject({ message: 'BAD' })
  })

  it('keeps no status that is as long as a book', async () => {
    const agent = fixture.connect('agent')
    publish(agent, 'heartbeat/agent', 'x'.repeat(10_000))
    expect((await healthSeenBy(agent)).agent).not.toHaveProperty('message')
  })

  it('hears nothing but heartbeats, so that other topics cost nothing more', () => {
    const agent = fixture.connect('agent')
    publish(agent, 'devices/campus', 1)
    expect(fixture.bus.counters.delivered).toBe(0)
    publish(agent, 'heartbeat/agent', 'GOOD')
    expect(fixture.bus.counters.delivered).toBe(1)
  })
})
