import { afterEach, describe, expect, it } from '@jest/globals'
import { removePlatform } from '../src/registry.ts'
import { call, cleanUp, entry, silent, startTestRegistry, type TestRegistry } from './support.ts'

afterEach(cleanUp)

const revisionOf = async (registry: TestRegistry): Promise<string> =>
  (await call(registry, 'GET /platforms')).headers.get('Registry-Revision') ?? ''

const poll = (registry: TestRegistry, since: string, wait: string | number = 60) =>
  call(registry, `GET /platforms?since=${since}&wait=${wait}`)

/** Resolves when so many requests wait in the registry. */
async function untilWaiting(registry: TestRegistry, count: number): Promise<void> {
  for (let text = ''; !text.includes(`volttron_registry_waiting_requests ${count}\n`); ) {
    text = (await call(registry, 'GET /metrics')).body
  }
}

describe('a request that waits for a change', () => {
  it('is answered when a platform registers, for every one who waits', async () => {
    const registry = await startTestRegistry()
    const since = await revisionOf(registry)
    const waiting = [poll(registry, since), poll(registry, since), poll(registry, since)]
    await untilWaiting(registry, 3)
    await call(registry, 'POST /platform', { body: entry(1) })
    for (const reply of await Promise.all(waiting)) {
      expect([reply.status, reply.body]).toEqual([200, [entry(1)]])
      expect(reply.headers.get('Registry-Revision')).not.toBe(since)
    }
  })

  it('is answered when the operator removes an entry from another process', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    const waiting = poll(registry, await revisionOf(registry))
    await untilWaiting(registry, 1)
    await removePlatform('platform1', { home: registry.home, databaseUrl: '', logger: silent })
    expect((await waiting).body).toEqual([])
  })

  it('is answered at once when the list changed before it came, or is of another database', async () => {
    const registry = await startTestRegistry()
    const since = await revisionOf(registry)
    await call(registry, 'POST /platform', { body: entry(1) })
    expect((await poll(registry, since)).status).toBe(200)
    expect((await poll(registry, '0123456789ab-1')).status).toBe(200)
    expect((await poll(registry, '%00')).status).toBe(200)
  })

  it('is answered with 304 and no body when nothing changes in its time, and when it does not wait at all', async () => {
    const registry = await startTestRegistry()
    const since = await revisionOf(registry)
    for (const wait of ['0.05', '0', '-1', 'x', '']) {
      const reply = await poll(registry, since, wait)
      expect([wait, reply.status, reply.body]).toEqual([wait, 304, ''])
    }
  })

  it('does not end by a refused write or a sign of life', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: entry(1) })
    const since = await revisionOf(registry)
    await call(registry, 'POST /platform', { body: entry(1) })
    await call(registry, 'POST /platform', { body: { ...entry(1), group: 'other' } })
    await call(registry, 'POST /platform', { body: { ...entry(1), id: 'other' } })
    expect(await revisionOf(registry)).toBe(since)
  })

  it('is answered when the registry stops', async () => {
    const registry = await startTestRegistry()
    const waiting = poll(registry, await revisionOf(registry))
    await untilWaiting(registry, 1)
    await registry.close()
    expect((await waiting).status).toBe(304)
  })

  it('leaves nothing behind when the client goes away', async () => {
    const registry = await startTestRegistry()
    const abort = new AbortController()
    const since = await revisionOf(registry)
    const waiting = fetch(`${registry.url}/platforms?since=${since}&wait=60`, { signal: abort.signal })
    await untilWaiting(registry, 1)
    abort.abort()
    await expect(waiting).rejects.toThrow()
    await untilWaiting(registry, 0)
  })
})
