/** Platforms that speak VIP1 only, as those of the Python project do. */
import { describe, expect, it } from '@jest/globals'
import type { Connection } from '@volttron/transport'
import { frameText, vipMessage } from '@volttron/vip'
import { ClassicLinkTimes } from '../src/index.ts'
import { newSites, newWorld, row } from './world/build.ts'
import { ClassicSite } from './world/classic-site.ts'
import { randomKeys, type Site, type World } from './world/site.ts'

async function mixedPair() {
  const world = newWorld()
  const [ours] = newSites(world, {}) as [Site]
  const theirs = new ClassicSite('theirs', world)
  ours.start()
  ours.subscribe('listener', 'theirs/')
  theirs.start()
  const isLinked = () =>
    theirs.isWelcomedBy(ours.name) &&
    theirs.wants(ours.name).includes('theirs/') &&
    row(ours, 'theirs')?.reason === null
  expect(await world.time.until(isLinked, 35_000)).toBe(true)
  return { ...world, world, ours, theirs, isLinked }
}

/** A platform with a good key that says in VIP1 what the test wants. */
async function rogue() {
  const world = newWorld()
  const [ours] = newSites(world, {}) as [Site]
  ours.start()
  ours.subscribe('listener', '')
  const keys = randomKeys(world.random)
  const entry = { id: 'rogue', address: 'tcp://rogue.test:1', public_credentials: keys.publicKey, group: 'default' }
  world.registry.lies = [entry]
  world.registry.changed()
  await world.time.until(() => row(ours, 'rogue') !== undefined, 5_000)
  return { ...world, ours, dial: () => dialAs(world, ours, keys), keys }
}

async function dialAs(world: World, ours: Site, keys: ReturnType<typeof randomKeys>) {
  const nothing = () => {}
  const host = {
    name: 'rogue',
    publicKey: keys.publicKey,
    nameOf: () => undefined,
    onUnknownKey: nothing,
    onConnection: nothing,
  }
  let connection: Connection | undefined
  const target = { failures: 0, platform: ours.name, address: ours.address, publicKey: ours.publicKey }
  world.network
    .dial(host, target, new AbortController().signal, () => true)
    .then((made) => {
      connection = made
    }, nothing)
  await world.time.until(() => connection !== undefined, 5_000)
  const heard: string[][] = []
  let closed = ''
  connection!.start({
    onMessage: (frames) => void heard.push(frames.map(frameText)),
    onClose: (reason) => {
      closed = reason
    },
  })
  const say = async (subsystem: string, ...args: string[]) => {
    connection!.send(vipMessage({ peer: '', id: 'i', subsystem }, args))
    await world.time.pass(200)
  }
  return { say, heard, closed: () => closed }
}

const publish = (topic: string, message: string, sender = '"agent"') =>
  [
    'pubsub',
    'external_publish',
    topic,
    `{"sender": ${sender}, "bus": "", "headers": {}, "message": ${message}}`,
  ] as const

describe('a platform that speaks VIP1', () => {
  it('is connected, told what we want, and its agents are heard', async () => {
    const { time, ours, theirs } = await mixedPair()
    expect(row(ours, 'theirs')).toMatchObject({ status: 'connected', protocol: 'vip1', direction: 'dialled' })
    expect(theirs.publish('theirs/1', '1')).toEqual(['site-a'])
    expect(theirs.publish('other', '1')).toEqual([])
    await time.pass(200)
    expect(ours.deliveries).toEqual([
      { agent: 'listener', topic: 'theirs/1', origin: 'theirs', sender: 'agent', body: '1' },
    ])
    theirs.subscribe('their-agent', 'ours/')
    await time.pass(200)
    expect(row(ours, 'theirs')).toMatchObject({ interest_in: 1, interest_out: 1 })
    expect(ours.publish('ours/1', '2')).toEqual(['theirs'])
    await time.pass(200)
    expect(theirs.deliveries).toEqual([
      { agent: 'their-agent', topic: 'ours/1', origin: '', sender: 'agent', body: '2' },
    ])
    expect(row(ours, 'theirs')).toMatchObject({ messages_in: 1, messages_out: 1, refused: 0, dropped: 0 })
  })

  it('hears of each change, many at once in one list, and of the whole once a minute', async () => {
    const { time, ours, theirs } = await mixedPair()
    ours.subscribe('listener', 'more/')
    await time.pass(200)
    expect([...theirs.wants('site-a')].sort()).toEqual(['more/', 'theirs/'])
    ours.unsubscribe('listener', 'more/')
    await time.pass(200)
    expect(theirs.wants('site-a')).toEqual(['theirs/'])
    const before = row(ours, 'theirs')!.last_heartbeat!
    await time.pass(ClassicLinkTimes.repeatMs + 1_000)
    expect(row(ours, 'theirs')!.last_heartbeat!).toBeGreaterThan(before)
  })

  it('withdraws what its agents leave', async () => {
    const { time, ours, theirs } = await mixedPair()
    theirs.subscribe('their-agent', 'ours/')
    await time.pass(200)
    theirs.unsubscribe('their-agent')
    await time.pass(200)
    expect(row(ours, 'theirs')?.interest_in).toBe(0)
    expect(ours.publish('ours/1', '1')).toEqual([])
  })

  it('is told everything again after its restart, and after ours', async () => {
    const { time, ours, theirs, isLinked } = await mixedPair()
    theirs.subscribe('their-agent', 'ours/')
    theirs.kill()
    expect(await time.until(() => row(ours, 'theirs')?.connected === false, 1_000)).toBe(true)
    expect(ours.publish('ours/1', '1')).toEqual([])
    await time.pass(120_000)
    theirs.start()
    expect(await time.until(isLinked, 60_000)).toBe(true)
    theirs.subscribe('their-agent', 'ours/')
    expect(await time.until(() => row(ours, 'theirs')?.interest_in === 1, 1_000)).toBe(true)

    await time.pass(2_000)
    ours.kill(false)
    await time.pass(5_000)
    ours.start()
    ours.subscribe('listener', 'theirs/')
    expect(await time.until(isLinked, 10_000)).toBe(true)
    expect(await time.until(() => row(ours, 'theirs')?.interest_in === 1, 1_000)).toBe(true)
    expect(row(ours, 'theirs')).toMatchObject({ status: 'connected', protocol: 'vip1' })
  })

  it('is told our list again when only its own connection broke, because it has forgotten it', async () => {
    const { time, network, ours, theirs, isLinked } = await mixedPair()
    network.cut('site-a', 'theirs')
    await time.pass(25_000)
    expect(theirs.wants('site-a')).toEqual([])
    network.heal()
    expect(await time.until(isLinked, 90_000)).toBe(true)
    expect(row(ours, 'theirs')?.connected).toBe(true)
  })

  it('never gets a topic that would end its router, and the record is counted', async () => {
    const { time, ours, theirs } = await mixedPair()
    theirs.subscribe('their-agent', '')
    await time.pass(200)
    for (const topic of ['123', 'true', '"x"', '[1]', '[[[[', '{}', ' null'])
      expect([topic, ...ours.publish(topic, '1')]).toEqual([topic])
    for (const body of ['1, "sender": "x"', '9'.repeat(5_000), `${'['.repeat(600)}${']'.repeat(600)}`])
      expect(ours.publish('good', body)).toEqual([])
    expect(ours.publish('good', '1')).toEqual(['theirs'])
    await time.pass(200)
    expect(theirs.deliveries.map(({ topic }) => topic)).toEqual(['good'])
    expect(theirs.diedOf).toBeUndefined()
    expect(row(ours, 'theirs')?.refused).toBe(10)
  })

  it('takes no calls, and the caller learns why', async () => {
    const { ours } = await mixedPair()
    expect(ours.federation.sendRpc('theirs', 'agent', 'caller', Buffer.from('i'), [])).toEqual({
      errno: 113,
      text: expect.stringContaining('VIP1'),
    })
    expect(ours.federation.session('theirs')).toBeUndefined()
  })

  it('is degraded when it had a session of ours before, also after our restart', async () => {
    const world = newWorld()
    const [ours, former] = newSites(world, {}, {}) as [Site, Site]
    ours.start()
    former.start()
    expect(await world.time.until(() => row(ours, former)?.connected === true, 5_000)).toBe(true)
    await world.time.pass(2_000)
    await former.stop()
    const heir = new ClassicSite('site-b', world)
    Object.assign(heir, { keys: former.keys })
    heir.start()
    expect(await world.time.until(() => row(ours, 'site-b')?.status === 'degraded', 90_000)).toBe(true)
    expect(row(ours, 'site-b')).toMatchObject({ connected: true, protocol: 'vip1', reason: expect.any(String) })
    await world.time.pass(2_000)
    await ours.stop()
    ours.start()
    expect(await world.time.until(() => row(ours, 'site-b')?.status === 'degraded', 90_000)).toBe(true)

    heir.kill()
    former.start()
    expect(await world.time.until(() => row(ours, 'site-b')?.protocol === 'volttron-ts', 90_000)).toBe(true)
    expect(row(ours, 'site-b')?.status).toBe('connected')
  })
})

describe('what a platform says in VIP1', () => {
  it('counts in its own name only', async () => {
    const { ours, dial } = await rogue()
    const peer = await dial()
    await peer.say('routing_table', 'hello', 'hello', 'another')
    await peer.say('pubsub', 'external_list', '{"another": ["stolen/"]}')
    expect(peer.heard.map((frames) => frames.slice(4))).toEqual([['pubsub', 'request_response', 'false']])
    await peer.say('pubsub', 'external_list', '{"another": ["stolen/"], "rogue": ["wanted/", 7, null]}')
    expect(peer.heard.at(-1)!.slice(4)).toEqual(['pubsub', 'request_response', 'true'])
    expect(row(ours, 'rogue')?.refused_on_session).toBe(2)
  })

  it('arrives under its name, whoever it says the sender is', async () => {
    const { ours, dial } = await rogue()
    const peer = await dial()
    await peer.say(...publish('t', '{"a": [NaN]}', '"platform.control"'))
    expect(ours.deliveries).toEqual([
      { agent: 'listener', topic: 't', origin: 'rogue', sender: 'platform.control', body: '{"a": [NaN]}' },
    ])
  })

  it.each([
    ['quit', []],
    ['agentstop', ['x']],
    ['peerlist', ['list']],
    ['RPC', ['{}']],
    ['pubsub', ['publish', 't', '{}']],
    ['pubsub', ['subscribe', '{"prefix": ""}']],
    ['pubsub', ['external_list', 'no json']],
    ['pubsub', ['external_list', '[]']],
    ['pubsub', ['external_publish', 't']],
    ['pubsub', ['external_publish', 't', 'no json']],
    ['pubsub', ['external_publish', 't', '{"sender": "a", "bus": "", "headers": {}}']],
    ['pubsub', ['external_publish', 't', '{"sender": "a", "bus": "", "headers": 1, "message": 1}']],
    ['pubsub', ['external_publish', 't', '{"sender": "123", "bus": "", "headers": {}, "message": 1}']],
    ['pubsub', ['external_publish', 'x'.repeat(2_000), '{"sender": "a", "bus": "", "headers": {}, "message": 1}']],
    ['routing_table', ['hello']],
    ['routing_table', ['hello', 'farewell', 'rogue']],
    ['routing_table', ['normalmode_platform_connection', '{}']],
    ['external_rpc', ['send_platform', '{}']],
  ])('is ignored and counted when it has no business there: %s %j', async (subsystem, args) => {
    const { ours, dial } = await rogue()
    const peer = await dial()
    await peer.say('routing_table', 'hello', 'hello', 'rogue')
    await peer.say(subsystem, ...args)
    await peer.say(...publish('good', '1'))
    expect(ours.deliveries.map(({ topic }) => topic)).toEqual(['good'])
    expect(row(ours, 'rogue')?.refused_on_session).toBe(1)
    expect(peer.closed()).toBe('')
  })

  it('comes over at most four connections at a time', async () => {
    const { dial } = await rogue()
    const peers = []
    for (let at = 0; at < 5; at++) {
      const peer = await dial()
      await peer.say('routing_table', 'hello', 'hello', 'rogue')
      peers.push(peer)
    }
    expect(peers.map((peer) => peer.closed() === '')).toEqual([true, true, true, true, false])
  })
})
