import { describe, expect, it } from '@jest/globals'
import { Channel, type Connection, greet, NameTable, Turn } from '@volttron/transport'
import { buildTail, formatRoute, frameText, vipMessage } from '@volttron/vip'
import { type ControlMessage, controlFrames } from '../src/control-message.ts'
import { areConnected, newSites, newWorld, row } from './world/build.ts'
import { randomKeys, type Site } from './world/site.ts'
import { SiteClock } from './world/virtual-time.ts'

async function connectedPair() {
  const world = newWorld()
  const [a, b] = newSites(world, {}, {}) as [Site, Site]
  a.start()
  b.start()
  b.subscribe('listener', '')
  expect(await world.time.until(() => areConnected(a, b), 5_000)).toBe(true)
  return { ...world, a, b }
}

/** A peer with a good key that says what the test wants. */
async function rogue() {
  const world = newWorld()
  const [a] = newSites(world, {}) as [Site]
  a.subscribe('listener', '')
  a.start()
  a.subscribe('listener', '')
  const keys = randomKeys(world.random)
  const entry = { address: 'tcp://rogue.test:1', public_credentials: keys.publicKey, group: 'default', dial_only: true }
  world.registry.lies = [{ id: 'rogue', ...entry }]
  world.registry.changed()
  await world.time.until(() => a.federation.statusRows().length === 1, 5_000)
  const host = {
    name: 'rogue',
    publicKey: keys.publicKey,
    nameOf: () => undefined,
    onUnknownKey: () => {},
    onConnection: () => {},
  }
  const dial = async () => {
    let connection: Connection | undefined
    const target = { failures: 0, platform: 'site-a', address: a.address, publicKey: a.publicKey }
    world.network
      .dial(host, target, new AbortController().signal, () => true)
      .then(
        (made) => {
          connection = made
        },
        () => {},
      )
    await world.time.until(() => connection !== undefined, 5_000)
    const clock = new SiteClock(world.time, 0)
    const seen: string[] = []
    let closed = ''
    let channel: Channel<string, string> | undefined
    greet(connection!, {
      id: 'h-1',
      withTimeout: (onTimeout) => clock.setTimer(5_000, onTimeout),
      onWelcome: ({ capabilities }) => {
        channel = new Channel<string, string>(
          connection!,
          {
            nonce: capabilities!.nonce,
            credit: capabilities!.credit,
            turn: new Turn((run) => void world.time.at(0, run)),
            now: () => clock.monotonicMs(),
            queueBytes: 1e9,
          },
          {
            resolveTopic: (text) => text,
            resolveRoute: (text) => text,
            onPublish: () => {},
            onFrames: (frames) => void seen.push(frameText(frames[5]!)),
          },
        )
      },
      onMessage: (frames) => channel!.receive(frames[0]!),
      onClose: (reason) => {
        closed = reason
      },
    }).catch(() => {})
    await world.time.until(() => channel !== undefined, 5_000)
    const say = async (message: ControlMessage | Uint8Array[]) => {
      channel!.sendFrames(Array.isArray(message) ? message : controlFrames(message))
      await world.time.pass(200)
    }
    const open = (boot: number, attempt = 1) =>
      say({ op: 'open', instance: 'rogue', boot, attempt, epoch: 1, group: 'default' })
    return { connection: connection!, channel: channel!, say, open, seen, closed: () => closed }
  }
  return { ...world, a, dial }
}

function publishAs(channel: Channel<string, string>, route: string): void {
  const [topics, routes] = [new NameTable((name) => name), new NameTable((name) => name)]
  const tail = buildTail('1', '', '')
  channel.publish(topics.intern('t'), routes.intern(route), tail.flags, 1, 0, tail.bytes, 0, tail.bytes.length)
}

describe('a session', () => {
  it('is one per pair, also when both dial at the same moment', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = newWorld(seed)
      const [a, b] = newSites(world, {}, {}) as [Site, Site]
      a.start()
      b.start()
      expect(await world.time.until(() => areConnected(a, b), 8_000)).toBe(true)
      await world.time.pass(20_000)
      expect([row(a, b)?.sessions, row(b, a)?.sessions]).toEqual([1, 1])
    }
  })

  it('is there at once when two platforms that know each other start together', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const world = newWorld(seed)
      const [a, b] = newSites(world, {}, {}) as [Site, Site]
      a.start()
      b.start()
      expect(await world.time.until(() => areConnected(a, b), 8_000)).toBe(true)
      await world.time.pass(2_000)
      await a.stop()
      await b.stop()
      await world.time.pass(1_000)
      a.start()
      b.start()
      expect(await world.time.until(() => areConnected(a, b), 700)).toBe(true)
      expect([row(a, b)?.sessions, row(b, a)?.sessions]).toEqual([1, 1])
    }
  })

  it('is closed after 8 s of silence and comes back when the network does', async () => {
    const { time, network, a, b } = await connectedPair()
    network.cut('site-a', 'site-b')
    expect(await time.until(() => !row(a, b)?.connected && !row(b, a)?.connected, 11_000)).toBe(true)
    expect(a.publish('devices/x', '1')).toEqual([])
    await time.pass(300_000)
    expect(row(a, b)?.reason).not.toBeNull()
    network.heal()
    expect(await time.until(() => areConnected(a, b), 70_000)).toBe(true)
  })

  it('ends at once with all that the platform wanted, also when that takes long to clear', async () => {
    const { time, a, b } = await connectedPair()
    const wanted = (from: number) => Array.from({ length: 5_000 }, (_, at) => `p/${from + at}/`)
    b.unsubscribe('listener', '')
    b.subscribe('listener', ...wanted(0))
    await time.pass(1_000)
    const reached = (...numbers: number[]) => numbers.map((number) => a.publish(`p/${number}/x`, '1').length)
    expect(reached(0, 4_999, 5_000)).toEqual([1, 1, 0])
    a.federation.session('site-b')!.close('test')
    expect(reached(0, 4_999)).toEqual([0, 0])
    expect(await time.until(() => areConnected(a, b), 70_000)).toBe(true)
    await time.pass(1_000)
    expect(reached(0, 4_999, 5_000)).toEqual([1, 1, 0])
    b.unsubscribe('listener', ...wanted(0))
    b.subscribe('listener', ...wanted(4_000))
    await time.pass(1_000)
    expect(reached(0, 4_999, 5_000)).toEqual([0, 1, 1])
    await a.stop()
    expect([reached(4_999), a.clock.pending]).toEqual([[0], 0])
  })

  it('comes back within a second of a restart, whoever was killed and however', async () => {
    const { time, a, b } = await connectedPair()
    for (const silently of [true, false]) {
      await time.pass(60_000)
      b.kill(silently)
      await time.pass(120_000)
      b.start()
      expect(await time.until(() => areConnected(a, b), 1_000)).toBe(true)
    }
  })

  it('is taken over by the later of two live copies, and the earlier one waits without a fight', async () => {
    const { a, dial } = await rogue()
    const first = await dial()
    await first.open(1)
    expect(first.seen).toContain('accept')
    const second = await dial()
    await second.open(2)
    expect(second.seen).toContain('accept')
    expect(first.seen).toContain('bye')
    const third = await dial()
    await third.open(1, 2)
    expect(third.seen).toEqual(['refuse'])
    expect(row(a, 'rogue')).toMatchObject({ connected: true, status: 'duplicate-instance' })
  })

  it('carries no record before it is settled', async () => {
    const { a, dial, time } = await rogue()
    const peer = await dial()
    publishAs(peer.channel, formatRoute({ platform: 'rogue', epoch: 1, sender: 'x', path: [] }))
    await time.pass(500)
    expect(a.deliveries).toEqual([])
    await peer.open(1)
    publishAs(peer.channel, formatRoute({ platform: 'rogue', epoch: 1, sender: 'x', path: [] }))
    await time.pass(500)
    expect(a.deliveries).toHaveLength(1)
    expect(row(a, 'rogue')?.refused_on_session).toBe(1)
  })

  it.each([
    ['another platform', { platform: 'site-c', sender: 'x', path: [] }],
    ['us', { platform: 'site-a', sender: 'x', path: [] }],
    ['a relay', { platform: 'rogue', sender: 'x', path: ['site-c'] }],
    ['a sender that reads as JSON', { platform: 'rogue', sender: '123', path: [] }],
  ])('is closed when a record claims to come from %s', async (_what, route) => {
    const { a, dial, time } = await rogue()
    const peer = await dial()
    await peer.open(1)
    publishAs(peer.channel, formatRoute({ epoch: 1, ...route }))
    await time.pass(500)
    expect(a.deliveries).toEqual([])
    expect(peer.closed()).not.toBe('')
    expect(row(a, 'rogue')).toMatchObject({ connected: false, reason: expect.stringContaining('malformed') })
  })

  it('refuses and counts whatever is not federation, and lives on', async () => {
    const { a, dial } = await rogue()
    const peer = await dial()
    await peer.open(1)
    for (const subsystem of ['peerlist', 'quit', 'agentstop', 'pubsub', 'RPC', 'query'])
      await peer.say(vipMessage({ peer: '', id: 'x', subsystem }, ['list']))
    await peer.say(vipMessage({ peer: 'platform.control', id: 'x', subsystem: 'federation' }, ['rpc', 'a', 'b', 'c']))
    await peer.say(vipMessage({ peer: '', id: 'x', subsystem: 'federation' }, ['interest', '{']))
    peer.connection.send(vipMessage({ peer: '', id: 'x', subsystem: 'peerlist' }, ['list']))
    await peer.say({ op: 'heartbeat', sequence: 0, digest: '0-0000000000000000' })
    expect(row(a, 'rogue')).toMatchObject({ connected: true, refused_on_session: 9 })
  })

  it.each([['another name', { instance: 'site-z', group: 'default' }]])(
    'is refused to a platform that opens with %s',
    async (_what, about) => {
      const { a, dial } = await rogue()
      const peer = await dial()
      await peer.say({ op: 'open', boot: 1, attempt: 1, epoch: 1, ...about })
      expect(peer.seen).toEqual(['refuse'])
      expect(row(a, 'rogue')?.connected).toBe(false)
    },
  )

  it('is not waited for: a connection without open is closed', async () => {
    const { dial, time } = await rogue()
    const peer = await dial()
    await time.pass(6_000)
    expect(peer.closed()).not.toBe('')
  })

  it('asks for the whole list when the heartbeat shows another digest, ever more rarely', async () => {
    const { dial, time } = await rogue()
    const peer = await dial()
    await peer.open(1)
    for (let beat = 0; beat < 60; beat++) {
      await peer.say({ op: 'heartbeat', sequence: 0, digest: '1-ffffffffffffffff' })
      await time.pass(1_800)
    }
    const asked = peer.seen.filter((op) => op === 'resync').length
    expect(asked).toBeGreaterThan(1)
    expect(asked).toBeLessThan(8)
  })
})

describe('calls between platforms', () => {
  it('carry their frames untouched, and their errors back', async () => {
    const { time, a, b } = await connectedPair()
    const frames = [Buffer.from('{"method":"x"}'), Buffer.from([0, 0xff])]
    expect(a.federation.sendRpc('site-b', 'callee', 'caller', Buffer.from('id-1'), frames)).toBeUndefined()
    await time.pass(200)
    expect(b.calls).toMatchObject([{ platform: 'site-a', to: 'callee', from: 'caller', id: 'id-1' }])
    expect(b.federation.sendRpcAnswer('site-a', 'caller', 'callee', Buffer.from('id-1'), frames)).toBeUndefined()
    await time.pass(200)
    expect(a.calls).toEqual([])
    expect(a.answers).toMatchObject([{ platform: 'site-b', to: 'caller', from: 'callee', id: 'id-1' }])
    const error = {
      id: Buffer.from('id-1'),
      toIdentity: 'caller',
      peer: 'callee',
      errno: 113,
      text: 'No route to host',
    }
    expect(b.federation.sendRpcError('site-a', error)).toBeUndefined()
    await time.pass(200)
    expect(a.callErrors).toMatchObject([{ platform: 'site-b', toIdentity: 'caller', peer: 'callee', errno: 113 }])
  })

  it('fail at once towards a platform that is unknown or not connected', async () => {
    const { time, network, a } = await connectedPair()
    expect(a.federation.sendRpc('nobody', 'x', 'y', Buffer.from('1'), [])).toMatchObject({ errno: 113 })
    expect(a.endedSessions).toEqual([])
    network.cut('site-a', 'site-b')
    await time.pass(12_000)
    expect(a.endedSessions).toEqual(['site-b'])
    expect(a.federation.sendRpc('site-b', 'x', 'y', Buffer.from('1'), [])).toMatchObject({ errno: 113 })
  })
})

describe('a platform that does not read', () => {
  it('costs bounded memory, and what it loses is counted', async () => {
    const world = newWorld()
    const [a, b, c] = newSites(world, { queueBytes: 100_000 }, {}, {}) as [Site, Site, Site]
    for (const site of [a, b, c]) {
      site.start()
      site.subscribe('listener', '')
    }
    expect(await world.time.until(() => areConnected(a, b, c), 8_000)).toBe(true)
    world.network.cut('site-a', 'site-b')
    const body = JSON.stringify('x'.repeat(1_000))
    for (let at = 0; at < 2_000; at++) {
      a.publish('devices/x', body)
      if (at % 100 === 0) await world.time.pass(50)
    }
    await world.time.pass(1_000)
    expect(row(a, b)?.refused).toBeGreaterThan(1_000)
    expect(row(a, b)?.queued_bytes).toBeLessThan(500_000)
    expect(c.deliveries).toHaveLength(2_000)
  })
})
