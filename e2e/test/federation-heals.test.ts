import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import {
  collect,
  freePort,
  kill,
  type Operator,
  PATIENCE_MS,
  portOf,
  type Received,
  Stage,
  stop,
} from './support/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.cleanUp())

const namesAt = async (url: string): Promise<string[]> => {
  const list = (await (await fetch(`${url}/platforms`)).json()) as { id: string }[]
  return list.map(({ id }) => id).sort()
}

/** Messages from one platform reach the other: publishes until one has arrived. */
async function expectFlow(from: Operator, received: Received[], topic: string): Promise<void> {
  await eventually(
    async () => {
      await from.agent.vip.pubsub.publish({ topic, message: 'flows?' })
      return received.some((one) => one.topic === topic)
    },
    { timeoutMs: PATIENCE_MS, what: `a message ${topic}` },
  )
}

/** How often somebody with an unknown key has come. */
async function knocks(operator: Operator): Promise<number> {
  const info = (await operator.control('platform_info')) as { counters: { door: { deferred: number } } }
  return info.counters.door.deferred
}

describe('the federation', () => {
  it('finds a platform again that was killed and comes back on another port', async () => {
    const registry = await stage.programs.startRegistry()
    const first = await stage.federated('first', registry.url)
    let second = await stage.federated('second', registry.url)
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    const oldPort = portOf(second.home)
    const received = await collect(await stage.agent(second.home, 'listener'), 'moved/', true)
    await kill(second)
    const down = await operator.rowOf('second', (row) => !row.connected)
    expect(down.reason).not.toBeNull()
    second = await stage.federated('second', registry.url)
    expect(portOf(second.home)).not.toBe(oldPort)
    // It dials us, so it is back before the registry has told us where it is now.
    const address = `tcp://127.0.0.1:${portOf(second.home)}`
    await operator.rowOf('second', (row) => row.connected && row.address === address)
    await expectFlow(operator, received, 'moved/again')
  })

  it('lets nobody in who was removed from the registry, and everybody who registers again', async () => {
    const registry = await stage.programs.startRegistry()
    const remove = (name: string) => {
      const args = ['remove', name, '--home', join(stage.programs.folder, 'registry')]
      return stage.programs.run('apps/registry/bin/volttron-platform-lookup.js', args)
    }
    const first = await stage.federated('first', registry.url)
    let second = await stage.federated('second', registry.url)
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    expect(await remove('second')).toMatchObject({ code: 0 })
    // It is still there, sees that its entry is gone, and registers again.
    await operator.rowOf('second', (row) => row.connected && row.sessions === 1)
    await eventually(async () => (await namesAt(registry.url)).includes('second'), { timeoutMs: PATIENCE_MS })

    await stop(second)
    expect(await remove('second')).toMatchObject({ code: 0 })
    await eventually(async () => (await operator.federation()).platforms.length === 0, { timeoutMs: PATIENCE_MS })
    // With the key of old it dials the platform that it knew last.
    const deferred = await knocks(operator)
    second = await stage.federated('second', 'http://127.0.0.1:9')
    await eventually(async () => (await knocks(operator)) > deferred, { timeoutMs: PATIENCE_MS })
    expect((await operator.federation()).platforms).toEqual([])
    expect(await (await stage.operator(second.home)).rowOf('first', () => true)).toMatchObject({ connected: false })
  })

  it('closes a session at once when vctl removes the platform, which stays out', async () => {
    const registry = await stage.programs.startRegistry()
    const first = await stage.federated('first', registry.url)
    const second = await stage.federated('second', registry.url)
    const operator = await stage.operator(first.home)
    const secondOperator = await stage.operator(second.home)
    await Promise.all([operator.connected('second'), secondOperator.connected('first')])
    await stage.vctl(first.home, 'federation', 'platform', 'remove', 'second')
    await secondOperator.rowOf('first', (row) => !row.connected)
    expect((await operator.federation()).platforms).toEqual([])
    // It knocks again, and is a stranger.
    const deferred = await knocks(operator)
    await eventually(async () => (await knocks(operator)) > deferred, { timeoutMs: PATIENCE_MS })
    expect((await operator.federation()).platforms).toEqual([])
    await stage.vctl(first.home, 'federation', 'platform', 'accept', 'second')
    await operator.connected('second')
  })

  it('heals when the network between two platforms is cut, quiet or gone for a while', async () => {
    const registry = await stage.programs.startRegistry()
    const quick = ['--heartbeat-interval', '500ms', '--heartbeat-timeout', '3s']
    const second = await stage.federated('second', registry.url, ['--dial-only', ...quick])
    const port = await freePort()
    const proxy = await stage.proxy(port)
    const first = await stage.federated('first', registry.url, [
      ...['--address', `tcp://127.0.0.1:${port}`, '--advertise-address', `tcp://127.0.0.1:${proxy.port}`],
      ...quick,
    ])
    const operator = await stage.operator(first.home)
    const received = await collect(await stage.agent(second.home, 'listener'), 'net/', true)
    await operator.connected('second')
    await expectFlow(operator, received, 'net/before')

    proxy.cut()
    await operator.rowOf('second', (row) => row.connected && row.sessions === 2)
    await expectFlow(operator, received, 'net/after-cut')

    proxy.set({ refusing: true })
    proxy.halfOpen()
    await operator.rowOf('second', (row) => !row.connected)
    proxy.heal()
    await operator.rowOf('second', (row) => row.connected)
    await expectFlow(operator, received, 'net/after-silence')
  })
})
