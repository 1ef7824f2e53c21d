import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually, type FaultProxy } from '@volttron/testkit'
import { collect, freePort, type Operator, PATIENCE_MS, type Site, Stage, stop } from './support/stage.ts'

let stage: Stage
let proxy: FaultProxy
let here: Site
let there: Site
let operator: Operator
let sender: Agent

/** Two platforms whose only way to each other is the proxy. */
beforeEach(async () => {
  stage = new Stage()
  const { url } = await stage.programs.startRegistry()
  const port = await freePort()
  proxy = await stage.proxy(port)
  there = await stage.federated('there', url, ['--dial-only'])
  here = await stage.federated('here', url, [
    ...['--address', `tcp://127.0.0.1:${port}`, '--advertise-address', `tcp://127.0.0.1:${proxy.port}`],
  ])
  operator = await stage.operator(here.home)
  await operator.connected('there')
  sender = await stage.agent(here.home, 'sender')
})
afterEach(() => stage.cleanUp())

const memoryMb = async () => ((await operator.control('platform_info')) as { memory_mb: number }).memory_mb

describe('a link between platforms', () => {
  it('that is too slow costs bounded memory and delays nobody at home; what it loses is counted', async () => {
    const local = await collect(await stage.agent(here.home, 'local'), 'bulk/')
    const remote = await collect(await stage.agent(there.home, 'remote'), 'bulk/', true)
    await operator.rowOf('there', (row) => row.interest_in === 1)
    const before = await memoryMb()
    proxy.set({ bytesPerSecond: 100_000 })
    const body = Buffer.alloc(1_024, 7)
    const total = 30_000
    for (let at = 0; at < total; at++) {
      if (!sender.vip.pubsub.write({ topic: 'bulk/1', headers: { at }, message: body })) await once(sender, 'drain')
      if (at % 500 === 499) await eventually(() => local.length === at + 1, { what: `message ${at} at home` })
    }
    const row = await operator.rowOf('there', () => true)
    expect(row).toMatchObject({ connected: true, sessions: 1 })
    expect(Number(row.refused)).toBeGreaterThan(0)
    expect((await memoryMb()) - before).toBeLessThan(150)

    proxy.heal()
    await eventually(
      async () => {
        const { refused, queued_bytes: queued } = await operator.rowOf('there', () => true)
        // A heartbeat may be among the refused.
        return queued === 0 && remote.length >= total - Number(refused)
      },
      { timeoutMs: PATIENCE_MS, what: 'all that was not refused' },
    )
    const numbers = remote.map(({ headers }) => Number(headers.at))
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other))
  })

  it('carries calls past the bulk that waits for it', async () => {
    const echo = await stage.agent(there.home, 'echo')
    echo.vip.rpc.export('echo', (value: unknown) => value)
    await collect(echo, 'bulk/', true)
    const rule = ['authz', 'add', 'agent', 'here/sender', '--rpc-capabilities', 'echo.echo']
    expect((await stage.programs.vctl(there.home, ...rule)).code).toBe(0)
    await operator.rowOf('there', (row) => row.interest_in === 1)
    await eventually(async () => (await sender.vip.rpc.call('there/echo', 'echo', 1)) === 1, { timeoutMs: PATIENCE_MS })
    proxy.set({ bytesPerSecond: 100_000 })
    const body = Buffer.alloc(1_024, 7)
    for (let at = 0; at < 10_000; at++) {
      if (!sender.vip.pubsub.write({ topic: 'bulk/1', message: body })) await once(sender, 'drain')
    }
    await operator.rowOf('there', (row) => Number(row.queued_bytes) > 2_000_000)
    expect(await sender.vip.rpc.call('there/echo', 'echo', 'past the bulk')).toBe('past the bulk')
    expect(Number((await operator.rowOf('there', () => true)).queued_bytes)).toBeGreaterThan(1_000_000)
  })

  it('survives damage on the way by a new session', async () => {
    const remote = await collect(await stage.agent(there.home, 'remote'), 'damaged/', true)
    await operator.rowOf('there', (row) => row.interest_in === 1)
    for (const direction of ['to-target', 'to-client'] as const) {
      const { sessions } = await operator.rowOf('there', () => true)
      proxy.flipNextByte(direction)
      await eventually(
        async () => {
          await sender.vip.pubsub.publish({ topic: 'damaged/1', message: direction })
          const row = (await operator.federation()).platforms[0]
          return row?.connected && row.sessions > sessions
        },
        { timeoutMs: PATIENCE_MS },
      )
      await eventually(
        async () => {
          await sender.vip.pubsub.publish({ topic: 'damaged/2', message: direction })
          return remote.some(({ topic, message }) => topic === 'damaged/2' && message === direction)
        },
        { timeoutMs: PATIENCE_MS },
      )
    }
    expect(here.end).toBeUndefined()
    expect(there.end).toBeUndefined()
  })

  it('carries messages of many megabytes', async () => {
    const remote = await collect(await stage.agent(there.home, 'remote'), 'large/', true)
    await operator.rowOf('there', (row) => row.interest_in === 1)
    for (const mebibytes of [1, 5, 15]) {
      const message = Buffer.alloc(mebibytes * 1024 * 1024, mebibytes)
      await sender.vip.pubsub.publish({ topic: 'large/1', message })
      await eventually(
        () => remote.at(-1)?.message instanceof Buffer && message.equals(remote.at(-1)!.message as Buffer),
        {
          timeoutMs: PATIENCE_MS,
          what: `${mebibytes} MiB`,
        },
      )
    }
  })

  it('knows of thousands of subscriptions, and forgets those of an agent that has gone', async () => {
    const agent = await stage.agent(there.home, 'many')
    const callback = () => {}
    const prefixes = Array.from({ length: 3_000 }, (_, at) => `many/${at}/`)
    await Promise.all(prefixes.map((prefix) => agent.vip.pubsub.subscribe({ prefix, callback, allPlatforms: true })))
    await operator.rowOf('there', (row) => row.interest_in === prefixes.length)
    await agent.vip.pubsub.unsubscribe({ prefix: prefixes[0]! })
    await operator.rowOf('there', (row) => row.interest_in === prefixes.length - 1)
    await agent.stop()
    await operator.rowOf('there', (row) => row.interest_in === 0)
  })
})

describe('a platform that is told to stop', () => {
  it('first lets everything leave that it has accepted', async () => {
    const local = await collect(await stage.agent(here.home, 'local'), 'last/')
    const remote = await collect(await stage.agent(there.home, 'remote'), 'last/', true)
    await operator.rowOf('there', (row) => row.interest_in === 1)
    const message = Buffer.alloc(500)
    const all = Array.from({ length: 3_000 }, () => sender.vip.pubsub.publish({ topic: 'last/words', message }))
    expect(new Set(await Promise.all(all))).toEqual(new Set([2]))
    expect(await stop(here)).toEqual({ code: 0, signal: null })
    const arrived = () => [local.length, remote.length]
    await eventually(() => arrived().every((count) => count === all.length), { timeoutMs: PATIENCE_MS }).catch(() => {})
    expect(arrived()).toEqual([all.length, all.length])
  })
})
