import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import {
  collect,
  kill,
  type Operator,
  PATIENCE_MS,
  portOf,
  type Received,
  type Site,
  Stage,
  stop,
} from './support/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.cleanUp())

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A registry on a port of our choice, over the data of `name`. */
async function registryOn(port: number, name: string) {
  const home = stage.programs.makeFolder(name)
  const args = [`${port}`, '--home', home, '--host', '127.0.0.1']
  const program = stage.programs.start(name, 'apps/registry/bin/volttron-platform-lookup.js', args)
  const url = `http://127.0.0.1:${port}`
  await eventually(async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: PATIENCE_MS, what: 'the registry' })
  return Object.assign(Object.create(program) as typeof program, { url, home })
}

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
  it('comes together in any order of starts, platforms before the registry', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const [first, second] = await Promise.all([stage.federated('first', url), stage.federated('second', url)])
    const operator = await stage.operator(first.home)
    await eventually(async () => (await operator.federation()).registry?.status === 'unreachable')
    await registryOn(port, 'registry')
    const third = await stage.federated('third', url)
    await Promise.all([
      operator.connected('second', 'third'),
      (await stage.operator(second.home)).connected('first', 'third'),
      (await stage.operator(third.home)).connected('first', 'second'),
    ])
  })

  it('keeps its sessions while the registry is killed, and takes newcomers when it is back', async () => {
    const port = await freePort()
    const registry = await registryOn(port, 'registry')
    const first = await stage.federated('first', registry.url)
    const second = await stage.federated('second', registry.url)
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    await kill(registry)
    await eventually(async () => (await operator.federation()).registry?.status === 'unreachable', {
      timeoutMs: PATIENCE_MS,
    })
    const received = await collect(await stage.agent(second.home, 'listener'), 'during/', true)
    await expectFlow(operator, received, 'during/outage')
    await registryOn(port, 'registry')
    expect(await namesAt(registry.url)).toEqual(['first', 'second'])
    await stage.federated('third', registry.url)
    await operator.connected('second', 'third')
    expect((await operator.rowOf('second', () => true)).sessions).toBe(1)
  })

  it('is not torn down by a registry that has lost its data: the platforms register again', async () => {
    const port = await freePort()
    const registry = await registryOn(port, 'registry')
    const first = await stage.federated('first', registry.url)
    await stage.federated('second', registry.url)
    const operator = await stage.operator(first.home)
    await operator.connected('second')
    await kill(registry)
    rmSync(registry.home, { recursive: true })
    await registryOn(port, 'registry')
    await eventually(async () => (await namesAt(registry.url)).length === 2, { timeoutMs: PATIENCE_MS })
    expect(await namesAt(registry.url)).toEqual(['first', 'second'])
    await eventually(async () => (await operator.federation()).registry?.status === 'registered', {
      timeoutMs: PATIENCE_MS,
    })
    expect(await operator.rowOf('second', () => true)).toMatchObject({ connected: true, sessions: 1 })
  })

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

  it('starts with the platforms it knew last when the registry is away', async () => {
    const registry = await stage.programs.startRegistry()
    const port = await freePort()
    const fixed = ['--address', `tcp://127.0.0.1:${port}`]
    let first: Site = await stage.federated('first', registry.url)
    let second: Site = await stage.federated('second', registry.url, fixed)
    await (await stage.operator(first.home)).connected('second')
    await Promise.all([stop(first), stop(second)])
    await stop(registry)
    ;[first, second] = await Promise.all([
      stage.federated('first', registry.url),
      stage.federated('second', registry.url, fixed),
    ])
    const operator = await stage.operator(first.home)
    const row = await operator.rowOf('second', ({ connected }) => connected)
    expect(row).toMatchObject({ connected: true, source: 'last-known' })
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
