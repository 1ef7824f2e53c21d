import { Network } from './network.ts'
import { MemoryRegistry } from './registry.ts'
import { Site, type SiteOptions, type World } from './site.ts'
import { seeded, VirtualTime } from './virtual-time.ts'

export function newWorld(seed = 1): World {
  const time = new VirtualTime()
  const random = seeded(seed)
  const network = new Network(time, random)
  return { time, random, network, registry: new MemoryRegistry(time, network) }
}

/** Sites `site-a`, `site-b`, … one for each of the options. */
export const newSites = (world: World, ...options: SiteOptions[]): Site[] =>
  options.map((each, at) => new Site(`site-${'abcdefgh'[at]}`, world, each))

export const row = (site: Site, platform: Site | string) => {
  const name = typeof platform === 'string' ? platform : platform.name
  return site.federation.statusRows().find((found) => found.platform === name)
}

/** True when each of the sites is connected with each other, and knows what they want. */
export const areConnected = (...all: Site[]): boolean =>
  all.every((site) =>
    all.every((other) => {
      if (site === other) return true
      const session = site.federation.session(other.name)
      if (!session || !other.federation.session(site.name)) return false
      return site.federation.remoteInterest.digest(session) === other.table.interest.digest
    }),
  )
