import { rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import {
  collect,
  freePort,
  kill,
  type Operator,
  PATIENCE_MS,
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

describe('the federation without its registry', () => {
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
})
