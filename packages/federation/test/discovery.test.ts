import { describe, expect, it } from '@jest/globals'
import { Network } from './world/network.ts'
import { MemoryRegistry } from './world/registry.ts'
import { Site, type SiteOptions, type World } from './world/site.ts'
import { seeded, VirtualTime } from './world/virtual-time.ts'

function world(seed = 1): World {
  const time = new VirtualTime()
  const random = seeded(seed)
  const network = new Network(time, random)
  return { time, random, network, registry: new MemoryRegistry(time, network) }
}

function sites(count: number, w = world(), options: SiteOptions = {}): [World, ...Site[]] {
  return [w, ...Array.from({ length: count }, (_, at) => new Site(`site-${'abcdefgh'[at]}`, w, options))]
}

const row = (site: Site, platform: Site | string) =>
  site.federation
    .statusRows()
    .find((found) => found.platform === (typeof platform === 'string' ? platform : platform.name))

const connected =
  (...all: Site[]) =>
  () =>
    all.every((site) => all.every((other) => site === other || row(site, other)?.connected === true))

describe('Federation', () => {
  it('registers, discovers, connects and routes within seconds of the start', async () => {
    const [w, a, b] = sites(2) as [World, Site, Site]
    a.start()
    b.start()
    b.subscribe('listener', 'devices')
    expect(await w.time.until(connected(a, b), 3_000)).toBe(true)
    expect(await w.time.until(() => row(a, b)?.interest_in === 1, 1_000)).toBe(true)
    expect(a.publish('devices/x', '1')).toEqual(['site-b'])
    await w.time.pass(200)
    expect(b.deliveries).toEqual([
      { agent: 'listener', topic: 'devices/x', origin: 'site-a', sender: 'agent', body: '1' },
    ])
    expect(a.federation.registryStatus()?.status).toBe('registered')
  })
})
