import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, collect, kill, PATIENCE_MS, type Site, Stage } from './support/stage.ts'

/** A dead peer is found out soon, so that the tests need not wait. */
const QUICK = [...ANY_PORT, '--heartbeat-interval', '1s', '--heartbeat-timeout', '10s']

let stage: Stage
let site: Site
let asker: Agent
let copies = 0

beforeAll(async () => {
  stage = new Stage()
  site = await stage.programs.startPlatform('site-a', QUICK)
  asker = await stage.agent(site.home, 'asker')
})
beforeEach(() => {
  copies++
})
afterAll(() => stage.cleanUp())

const whoami = (identity: string) => asker.vip.rpc.callWith(identity, 'whoami', { timeoutMs: 5_000 })
const copy = (name: string, identity: string) => stage.agentProcess(`${name}-${copies}`, identity, site.home, 'topic/')

describe('a second copy of an agent', () => {
  it('is refused while the first lives, which notices nothing', async () => {
    await stage.addKeys(site.home, 'single')
    const first = copy('first', 'single')
    await first.heard('ready')
    for (const round of [1, 2]) {
      const second = stage.newAgent(site.home, 'single')
      const refused = expect(second.start({ timeoutMs: PATIENCE_MS })).rejects
      await refused.toMatchObject({ code: 'denied', message: expect.stringMatching(/single.*in use|in use.*single/) })
      await asker.vip.pubsub.publish({ topic: `topic/${round}`, message: round })
    }
    await eventually(() => first.topics.length === 2)
    expect(first.topics).toEqual(['topic/1', 'topic/2'])
    expect(await whoami('single')).toBe(`single in process ${first.program.child.pid}`)
    expect(first.reports.filter(({ event }) => event === 'connected')).toHaveLength(1)
  })

  it('takes over when the first was killed', async () => {
    await stage.addKeys(site.home, 'killed')
    const first = copy('first', 'killed')
    await first.heard('ready')
    await first.kill()
    const second = copy('second', 'killed')
    await second.heard('ready')
    expect(await whoami('killed')).toBe(`killed in process ${second.program.child.pid}`)
  })

  it('takes over when the first has stopped to answer', async () => {
    await stage.addKeys(site.home, 'stopped')
    const first = copy('first', 'stopped')
    await first.heard('ready')
    first.program.child.kill('SIGSTOP')
    const second = copy('second', 'stopped')
    await second.heard('ready')
    expect(await whoami('stopped')).toBe(`stopped in process ${second.program.child.pid}`)
    // When the first wakes up it is the second copy, and is told so.
    first.program.child.kill('SIGCONT')
    await first.heard('refused')
    expect(await whoami('stopped')).toBe(`stopped in process ${second.program.child.pid}`)
  })
})

describe('an agent whose platform was killed', () => {
  it('comes back with its subscriptions, and what it published meanwhile was not lost', async () => {
    const subscriber = await stage.agent(site.home, 'subscriber')
    const received = await collect(subscriber, 'after/')
    await kill(site)
    await eventually(() => subscriber.state === 'reconnecting' && asker.state === 'reconnecting')
    const published = asker.vip.pubsub.publish({ topic: 'after/restart', message: 'waited' })
    site = await stage.programs.startPlatform('site-a', QUICK)
    await eventually(() => subscriber.state === 'connected' && asker.state === 'connected', { timeoutMs: PATIENCE_MS })
    // To nobody or to one: who of the two is back first is chance.
    expect([0, 1]).toContain(await published)
    await eventually(async () => {
      await asker.vip.pubsub.publish({ topic: 'after/restart', message: 'new' })
      return received.some(({ message }) => message === 'new')
    })
  })

  it('may be started before the platform', async () => {
    await stage.addKeys(site.home, 'early')
    await kill(site)
    const early = new Agent({ identity: 'early', volttronHome: site.home })
    stage.defer(() => early.stop())
    const started = early.start({ timeoutMs: PATIENCE_MS })
    site = await stage.programs.startPlatform('site-a', QUICK)
    await started
    expect(await early.vip.ping.ping()).toBeGreaterThan(0)
  })
})
