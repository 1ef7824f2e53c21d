/** A platform that is gone from one moment to the next, and its Python agents. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { freePort, kill, PATIENCE_MS, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

/** The library gives up after 50 attempts; with its 10 ms that is sooner than a busy machine starts a platform. */
const RECONNECT_MS = 500

const stage = new Stage()
let restart: () => Promise<unknown>
let publisher: PythonAgent
let subscriber: PythonAgent

beforeAll(async () => {
  const address = ['--address', `tcp://127.0.0.1:${await freePort()}`]
  const site = await stage.programs.startPlatform('here', address)
  await stage.addKeys(site.home, 'py.publisher', 'py.subscriber')
  const python = PythonProcess.start(stage, site.home)
  const start = (identity: string) => python.agent(identity, { options: { reconnect_interval: RECONNECT_MS } })
  ;[publisher, subscriber] = await Promise.all([start('py.publisher'), start('py.subscriber')])
  await subscriber.subscribe('kept/')
  await subscriber.subscribe('kept-all/', { all_platforms: true })
  restart = async () => {
    await kill(site)
    await stage.programs.startPlatform('here', address)
  }
})

afterAll(() => stage.cleanUp())

const welcomes = (agent: PythonAgent) => agent.events.filter(({ event }) => event === 'connected').length

it('a Python agent comes back by itself after a kill -9 of the platform, with its subscriptions', async () => {
  await publisher.publish('kept/before', 1)
  await subscriber.heard('message', ({ topic }) => topic === 'kept/before')
  const before = [publisher, subscriber].map(welcomes)
  await restart()
  await eventually(() => [publisher, subscriber].every((agent, index) => welcomes(agent) > before[index]!), {
    timeoutMs: PATIENCE_MS,
    what: 'both agents to be welcomed again',
  })
  // It announces its subscriptions when it is welcomed; who asks the platform afterwards finds them there.
  expect(await subscriber.vip('pubsub.list', ['pubsub'], { prefix: 'kept', all_platforms: true })).toEqual(
    expect.arrayContaining([['', 'kept-all/', true]]),
  )
  await publisher.publish('kept/after', 2)
  await publisher.publish('kept-all/after', 3)
  await subscriber.heard('message', ({ topic }) => topic === 'kept/after')
  await subscriber.heard('message', ({ topic }) => topic === 'kept-all/after')
  expect(subscriber.bodies('kept')).toEqual(['1', '2', '3'])
})

it('a Python agent that comes back is called as before', async () => {
  expect(await publisher.call('py.subscriber', 'add', 1)).toBe(3)
})
