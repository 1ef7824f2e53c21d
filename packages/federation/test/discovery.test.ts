import { describe, expect, it } from '@jest/globals'
import { areConnected, newSites, newWorld, row } from './world/build.ts'
import { randomKeys, Site } from './world/site.ts'

async function pair(...options: ConstructorParameters<typeof Site>[2][]) {
  const world = newWorld()
  const [a, b] = newSites(world, options[0] ?? {}, options[1] ?? {}) as [Site, Site]
  a.start()
  b.start()
  b.subscribe('listener', 'devices')
  return { ...world, a, b }
}

async function connectedPair(...options: ConstructorParameters<typeof Site>[2][]) {
  const all = await pair(...options)
  expect(await all.time.until(() => areConnected(all.a, all.b), 5_000)).toBe(true)
  return all
}

describe('finding each other', () => {
  it('registers, discovers, connects and routes within seconds of the start', async () => {
    const { time, a, b } = await connectedPair()
    expect(time.nowMs).toBeLessThan(3_000)
    expect(a.publish('devices/x', '1')).toEqual(['site-b'])
    await time.pass(200)
    expect(b.deliveries).toEqual([
      { agent: 'listener', topic: 'devices/x', origin: 'site-a', sender: 'agent', body: '1' },
    ])
    expect(a.publish('other', '2')).toEqual([])
    expect(a.federation.registryStatus()?.status).toBe('registered')
    expect(row(a, b)).toMatchObject({
      connected: true,
      status: 'connected',
      interest_in: 1,
      messages_out: expect.any(Number),
    })
    expect(row(b, a)).toMatchObject({ interest_out: 1, messages_in: 1 })
  })

  it('works with a classic registry too, by asking again', async () => {
    const { time, registry, a, b } = await pair()
    registry.isClassic = true
    expect(await time.until(() => areConnected(a, b), 30_000)).toBe(true)
  })

  it('starts while the registry is away, says so, and goes on when it is back', async () => {
    const world = newWorld()
    world.registry.isDown = true
    const [a, b] = newSites(world, {}, {}) as [Site, Site]
    a.start()
    b.start()
    await world.time.pass(60_000)
    expect(a.federation.registryStatus()).toMatchObject({ status: 'unreachable', last_contact: null })
    world.registry.isDown = false
    expect(await world.time.until(() => areConnected(a, b), 30_000)).toBe(true)
  })

  it('uses the last known platforms when the registry is away at the start', async () => {
    const { time, registry, a, b } = await connectedPair()
    await time.pass(2_000)
    registry.isDown = true
    await a.stop()
    await b.stop()
    a.start()
    b.start()
    expect(await time.until(() => areConnected(a, b), 1_000)).toBe(true)
    expect(row(a, b)?.source).toBe('last-known')
  })

  it('keeps sessions and registers again when the registry has lost its data', async () => {
    const { time, registry, a, b } = await connectedPair()
    const session = a.federation.session('site-b')
    registry.wipe()
    expect(await time.until(() => registry.entries.size === 2, 10_000)).toBe(true)
    await time.pass(20_000)
    expect(a.federation.session('site-b')).toBe(session)
    expect(row(b, a)?.sessions).toBe(1)
  })

  it('finds a platform again that was restarted at another address', async () => {
    const { time, a, b } = await connectedPair()
    b.kill(true)
    b.address = 'tcp://elsewhere.test:22916'
    b.start()
    expect(await time.until(() => areConnected(a, b), 5_000)).toBe(true)
    await time.pass(5_000)
    expect(row(a, b)?.address).toBe('tcp://elsewhere.test:22916')
  })

  it('closes the session with a platform that leaves the registry, revokes its key and drops its row', async () => {
    const { time, registry, a, b } = await connectedPair()
    b.kill(false)
    registry.remove('site-b')
    await time.pass(3_000)
    expect(a.federation.statusRows()).toEqual([])
    expect(a.nameOf(b.publicKey)).toBeUndefined()
    expect(a.disk.config).toEqual({ registry_url: 'http://registry:8000', platforms: [] })
  })

  it('leaves the registry only when told to', async () => {
    const { registry, time, b } = await connectedPair()
    await b.stop()
    await time.pass(1_000)
    expect(registry.entries.has('site-b')).toBe(true)
    b.start()
    await time.pass(1_000)
    const left = b.federation.leave()
    await time.pass(1_000)
    expect(await left).toEqual({ outcome: 'removed' })
    expect(registry.entries.has('site-b')).toBe(false)
  })

  it('refuses a second platform of the same name, says so, and keeps the first', async () => {
    const { time, a, b, ...world } = await connectedPair()
    const second = new Site('site-b', { time, ...world })
    second.address = 'tcp://second.test:22916'
    second.start()
    await time.pass(20_000)
    expect(second.federation.registryStatus()).toMatchObject({
      status: 'registry-holds-another-key',
      reason: expect.stringContaining('site-b'),
    })
    expect(areConnected(a, b)).toBe(true)
    expect(second.federation.statusRows().every(({ connected }) => !connected)).toBe(true)
  })

  it('ignores itself in the list, under its own or another name', async () => {
    const { time, registry, a, b } = await connectedPair()
    registry.lies = [
      { id: 'mirror', address: 'tcp://mirror.test:1', public_credentials: a.publicKey, group: 'default' },
    ]
    registry.changed()
    await time.pass(2_000)
    expect(a.federation.statusRows().map(({ platform }) => platform)).toEqual(['site-b'])
    expect(a.federation.registryStatus()).toMatchObject({ refused: 1, refused_entries: [{ reason: 'own-key' }] })
    expect(areConnected(a, b)).toBe(true)
  })

  it('shows an entry whose credential is no CURVE key', async () => {
    const { time, registry, a, b } = await connectedPair()
    registry.lies = [
      { id: 'odd', address: 'tcp://odd.test:1', public_credentials: '7Dkj4a...vB3Mm==', group: 'default' },
    ]
    registry.changed()
    await time.pass(2_000)
    expect(row(a, 'odd')).toMatchObject({ connected: false, status: 'invalid-key', key_fingerprint: null })
    expect(areConnected(a, b)).toBe(true)
  })

  it('survives a hostile list', async () => {
    const { time, registry, a, b } = await connectedPair()
    const flood = Array.from({ length: 20_000 }, (_, at) => ({ id: `../${at}`, address: 'tcp://x:1' }))
    registry.lies = [null, 7, { id: 'x'.repeat(1_000_000) }, { id: '__proto__' }, ...flood]
    registry.changed()
    await time.pass(2_000)
    expect(a.federation.registryStatus()).toMatchObject({ status: 'registered', refused: 20_004 })
    expect(areConnected(a, b)).toBe(true)
  })
})

describe('keys', () => {
  it('takes a new key that the old one proved, without a person', async () => {
    const { time, a, b } = await connectedPair()
    const renewed = b.rotateKey(randomKeys(b.world.random))
    await time.pass(1_000)
    expect(await renewed).toBe('registered')
    expect(b.federation.registryStatus()).toMatchObject({ status: 'registered', reason: null })
    expect(await time.until(() => areConnected(a, b), 5_000)).toBe(true)
    await time.pass(1_000)
    expect(a.disk.config).toMatchObject({ platforms: [{ public_credentials: b.publicKey }] })
  })

  it('shows a key nobody proved as changed, and takes it when it is accepted', async () => {
    const { time, registry, a, b } = await connectedPair()
    b.kill(false)
    b.keys = randomKeys(b.world.random)
    registry.remove('site-b')
    registry.entries.set('site-b', {
      id: 'site-b',
      address: b.address,
      public_credentials: b.publicKey,
      group: 'default',
      dial_only: false,
      created_at: 'later',
      proven: 'none',
      previous_keys: [],
    })
    b.start()
    await time.pass(20_000)
    expect(row(a, b)).toMatchObject({
      connected: false,
      status: 'key-changed',
      reason: expect.stringContaining('accept'),
    })
    expect(b.federation.session('site-a')).toBeUndefined()
    a.federation.acceptKey('site-b')
    expect(await time.until(() => areConnected(a, b), 60_000)).toBe(true)
    expect(() => a.federation.acceptKey('site-b')).toThrow('there is no new key of site-b to accept')
    expect(() => a.federation.acceptKey('nobody')).toThrow('no platform named nobody is known')
  })

  it('shows that the registry holds another key for our name', async () => {
    const { time, registry, a } = await connectedPair()
    const entry = registry.entries.get('site-a')!
    registry.entries.set('site-a', { ...entry, public_credentials: randomKeys(a.world.random).publicKey })
    registry.changed()
    await time.pass(2_000)
    expect(a.federation.registryStatus()?.status).toBe('registry-holds-another-key')
  })

  it('does not connect to a platform that answers with another key', async () => {
    const { time, a, b } = await connectedPair()
    b.kill(false)
    const impostor = new Site('site-b', b.world)
    b.world.network.listen(b.address, impostor)
    await time.pass(5_000)
    expect(row(a, b)).toMatchObject({
      connected: false,
      status: 'down',
      reason: expect.stringContaining('another key'),
    })
    expect(row(a, b)?.next_retry_in_s).not.toBeNull()
  })

  it('keeps a removed platform out until it is accepted again', async () => {
    const { time, a, b } = await connectedPair()
    a.federation.removePeer('site-b')
    await time.pass(30_000)
    expect(a.federation.statusRows()).toEqual([])
    expect(b.federation.session('site-a')).toBeUndefined()
    a.federation.acceptKey('site-b')
    expect(await time.until(() => areConnected(a, b), 70_000)).toBe(true)
  })
})

describe('who federates with whom', () => {
  it('separates groups only where one was given', async () => {
    const world = newWorld()
    const [north, south, any] = newSites(world, { group: 'north' }, { group: 'south' }, {}) as [Site, Site, Site]
    for (const site of [north, south, any]) site.start()
    await world.time.pass(20_000)
    expect(north.federation.statusRows()).toEqual([])
    expect(north.federation.registryStatus()?.ignored).toEqual({ group: 2, name: 0, removed: 0 })
    expect(any.federation.statusRows().map(({ platform, group }) => [platform, group])).toEqual([
      ['site-a', 'north'],
      ['site-b', 'south'],
    ])
  })

  it('restricts itself to the names it was given', async () => {
    const world = newWorld()
    const [a, b, c] = newSites(world, { allow: ['site-b'] }, {}, {}) as [Site, Site, Site]
    for (const site of [a, b, c]) site.start()
    expect(await world.time.until(() => areConnected(a, b) && areConnected(b, c), 5_000)).toBe(true)
    expect(a.federation.statusRows().map(({ platform }) => platform)).toEqual(['site-b'])
  })

  it('lets a dial-only site send and receive', async () => {
    const { time, registry, a, b } = await connectedPair({ dialOnly: true })
    expect(registry.entries.get('site-a')).toMatchObject({ address: 'tcp://site-a.invalid:22916', dial_only: true })
    a.subscribe('listener', 'alarms')
    await time.pass(500)
    a.publish('devices/x', '1')
    b.publish('alarms/y', '2')
    await time.pass(500)
    expect([a.deliveries.length, b.deliveries.length]).toEqual([1, 1])
    expect([row(a, b)?.direction, row(b, a)?.direction]).toEqual(['dialled', 'accepted'])
  })

  it('says that nobody can dial between two dial-only sites', async () => {
    const { time, a, b } = await pair({ dialOnly: true }, { dialOnly: true })
    await time.pass(5_000)
    expect(row(a, b)).toMatchObject({ connected: false, status: 'nobody-can-dial', next_retry_in_s: null })
  })
})
