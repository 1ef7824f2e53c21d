import { describe, expect, it } from '@jest/globals'
import { areConnected, newSites, newWorld, row } from './world/build.ts'
import type { Site } from './world/site.ts'

async function connectedPair() {
  const world = newWorld()
  const [a, b] = newSites(world, {}, {}) as [Site, Site]
  a.start()
  b.start()
  expect(await world.time.until(() => areConnected(a, b), 5_000)).toBe(true)
  return { ...world, a, b }
}

const listed = (site: Site) =>
  (site.disk.config as { platforms: { connected: boolean; last_heartbeat: number }[] }).platforms[0]!

describe('federation_config.json', () => {
  it('has the fields that VOLTTRON gives it', async () => {
    const { time, a, b } = await connectedPair()
    await time.pass(1_000)
    expect(a.disk.config).toEqual({
      registry_url: 'http://registry:8000',
      platforms: [
        {
          id: 'site-b',
          address: 'tcp://site-b.test:22916',
          public_credentials: b.publicKey,
          group: 'default',
          connected: true,
          last_heartbeat: expect.any(Number),
        },
      ],
    })
    expect(Math.abs(listed(a).last_heartbeat - a.clock.unixMs() / 1000)).toBeLessThan(2)
  })

  it('has null before the first heartbeat', async () => {
    const world = newWorld()
    const [a, b] = newSites(world, {}, {}) as [Site, Site]
    b.start()
    await world.time.pass(2_000)
    b.kill(false)
    a.start()
    await world.time.pass(3_000)
    expect(listed(a)).toMatchObject({ connected: false, last_heartbeat: null })
  })

  it('is true within seconds, whatever happens', async () => {
    const { time, a, b } = await connectedPair()
    await time.pass(60_000)
    expect(a.clock.unixMs() / 1000 - listed(a).last_heartbeat).toBeLessThan(8)
    b.kill(false)
    await time.pass(1_500)
    expect(listed(a).connected).toBe(false)
    await a.stop()
    expect(listed(a).connected).toBe(false)
  })

  it.each([[{ platforms: 'nonsense' }], [[]], ['text'], [7]])(
    'is set aside when it makes no sense: %j',
    async (config) => {
      const { time, a, b } = await connectedPair()
      await a.stop()
      a.disk = { config, memory: { platforms: 'x', removed: [1, {}] } }
      a.start()
      expect(await time.until(() => areConnected(a, b), 5_000)).toBe(true)
      expect(a.setAside).toHaveLength(1)
    },
  )

  it('is taken without its hostile entries', async () => {
    const { time, a, b } = await connectedPair()
    await time.pass(1_000)
    await a.stop()
    const { platforms } = a.disk.config as { platforms: object[] }
    a.disk.config = { platforms: [null, { id: '../x' }, { ...platforms[0], id: 'constructor' }, ...platforms] }
    a.start()
    expect(await time.until(() => areConnected(a, b), 5_000)).toBe(true)
    expect(a.logged).toContainEqual(expect.objectContaining({ event: 'federation-config-entries-refused' }))
  })

  it('never prevents the start: the platform runs without a disk', async () => {
    const world = newWorld()
    const [a, b] = newSites(world, {}, {}) as [Site, Site]
    a.diskError = new Error('ENOSPC: no space left on device')
    a.start()
    b.start()
    expect(await world.time.until(() => areConnected(a, b), 5_000)).toBe(true)
    expect(a.logged).toContainEqual(expect.objectContaining({ event: 'federation-config-not-saved' }))
  })

  it('keeps what VOLTTRON has no place for: a removed platform stays out after a restart', async () => {
    const { time, a } = await connectedPair()
    a.federation.removePeer('site-b')
    await a.stop()
    a.start()
    await time.pass(5_000)
    expect(a.federation.statusRows()).toEqual([])
  })

  it('forgets a platform that left the registry while we were away', async () => {
    const { time, registry, a, b } = await connectedPair()
    await time.pass(2_000)
    await a.stop()
    b.kill(false)
    registry.remove('site-b')
    a.start()
    await time.pass(200)
    expect(row(a, b)).toBeDefined()
    await time.pass(3_000)
    expect(row(a, b)).toBeUndefined()
  })
})

describe('stopping', () => {
  it('leaves no timer, whatever was under way', async () => {
    for (const waitMs of [0, 10, 60, 130, 300, 1_000, 30_000]) {
      const world = newWorld(waitMs + 1)
      const [a, b] = newSites(world, {}, {}) as [Site, Site]
      a.start()
      b.start()
      await world.time.pass(waitMs)
      await a.stop()
      await a.stop()
      await world.time.pass(1_000)
      expect([waitMs, a.clock.pending]).toEqual([waitMs, 0])
      await b.stop()
    }
  })
})
