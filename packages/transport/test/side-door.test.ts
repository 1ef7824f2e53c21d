import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually, leakCheck } from '@volttron/testkit'
import { type PublicKey, toZ85 } from '@volttron/vip'
import { Router } from 'zeromq'
import type { Connection } from '../src/connection.ts'
import { dial } from '../src/dial.ts'
import { DESCRIPTORS_PER_CONNECTION } from '../src/front-door-limits.ts'
import type { FrontDoorOptions } from '../src/front-door-ports.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { listen, serverKeys } from './door.ts'
import { type LocalDoor, openLocalDoor, REQUEST } from './local-door.ts'

describe('the side door', () => {
  const doors: LocalDoor[] = []
  const servers: Server[] = []
  const clients: Connection[] = []
  async function open(options: Partial<FrontDoorOptions> = {}): Promise<LocalDoor> {
    const test = await openLocalDoor(options)
    doors.push(test)
    return {
      ...test,
      async client(given) {
        const client = await test.client(given)
        clients.push(client)
        return client
      },
    }
  }
  /** Something else than a front door, at a local socket. */
  async function serve(onSocket: (socket: Socket) => void): Promise<string> {
    const path = join(tmpdir(), `side-door-${process.pid}-${servers.length}`)
    const server = createServer((socket) => onSocket(socket.on('error', () => {})))
    servers.push(server.listen(path))
    await once(server, 'listening')
    return path
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close('test over')
    for (const server of servers.splice(0)) server.close()
    await Promise.all(doors.splice(0).map((door) => door.dispose()))
  })
  const to = (path: string, more: object = {}) =>
    dial({ address: { scheme: 'ipc', path }, serverKey: serverKeys.publicKey, keys: generateKeyPair(), ...more })

  it('lets a client pass its messages by the front door, key and routing id known', async () => {
    const test = await open()
    const { address, sent } = await test.tapped()
    const keys = generateKeyPair()
    const client = await test.client({ address, keys, routingId: 'listener.agent' })
    client.send([Buffer.alloc(100_000)])
    const accepted = await eventually(() => test.accepted[0])
    await eventually(() => test.received.get(accepted.id)?.length === 1)
    expect(accepted).toMatchObject({ publicKey: keys.publicKey, routingId: 'listener.agent', remote: test.path })
    expect(sent).toEqual([REQUEST.length])
    expect(test.door.counters).toMatchObject({ accepted: 1, admitted: 1 })
  })

  it('attributes every live client rightly in a storm of dying ones', async () => {
    const test = await open({ limits: { unauthenticatedPerAddress: 256 } })
    const keyOf = new Map<string, PublicKey>()
    const dying = Array.from({ length: 60 }, async (_, n) => {
      const abort = new AbortController()
      const dialled = test.client({ routingId: `dying ${n}`, signal: abort.signal }).catch(() => {})
      setTimeout(() => abort.abort(), n % 40)
      await dialled
    })
    const living = Array.from({ length: 90 }, async (_, n) => {
      const keys = generateKeyPair()
      keyOf.set(`living ${n}`, keys.publicKey)
      const client = await test.client({ keys, routingId: `living ${n}`, timeoutMs: 20_000 })
      client.send([Buffer.from(`living ${n}`)])
    })
    await Promise.all([...dying, ...living])
    await eventually(() => test.accepted.filter((c) => c.routingId.startsWith('living')).length === 90)
    for (const connection of test.accepted.filter((c) => c.routingId.startsWith('living'))) {
      expect(connection.publicKey).toBe(keyOf.get(connection.routingId))
      await eventually(() => test.received.get(connection.id)?.length === 1)
      expect(test.received.get(connection.id)).toEqual([[connection.routingId]])
    }
    expect(test.door.counters.intruders).toBe(0)
  })

  it('tells a client that its server key is wrong', async () => {
    const test = await open()
    const serverKey = generateKeyPair().publicKey
    await expect(test.client({ serverKey })).rejects.toMatchObject({ code: 'config' })
    await eventually(() => test.door.counters.handshakeFailed === 4)
  })

  it('tells a client that its key is refused', async () => {
    const test = await open({ admit: () => ({ verdict: 'refuse', reason: 'revoked' }) })
    await expect(test.client()).rejects.toMatchObject({ code: 'denied' })
    expect(test.door.counters).toMatchObject({ accepted: 1, refused: 1 })
    await eventually(() => test.door.unauthenticated === 0)
  })

  it('keeps a key waiting for approval, and lets it in at once when admissions are refreshed', async () => {
    const known = new Set<PublicKey>()
    const test = await open({
      admit: (key) => (known.has(key) ? { verdict: 'accept' } : { verdict: 'later', reason: 'not known' }),
    })
    const keys = generateKeyPair()
    const dialled = test.client({ keys, timeoutMs: 30_000 })
    await eventually(() => test.door.awaitingApproval === 1)
    known.add(keys.publicKey)
    test.door.refreshAdmissions()
    await dialled
    expect(test.door.counters).toMatchObject({ accepted: 2, deferred: 1, admitted: 1 })
    await expect(test.client({ timeoutMs: 200 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('waits for approval'),
    })
  })

  it('shows the client when it is kicked, alone or with all of its key', async () => {
    const test = await open()
    const keys = generateKeyPair()
    const ends: ReturnType<typeof listen>[] = []
    for (let at = 0; at < 3; at++) {
      const client = await test.client({ keys })
      ends.push(listen(client))
      client.send([Buffer.from('hello')])
      await eventually(() => test.accepted.length === at + 1)
    }
    test.accepted[0]!.close('kicked')
    await eventually(() => ends[0]!.closed.length === 1)
    expect(test.closed.get(test.accepted[0]!.id)).toBe('kicked')
    expect(test.door.closeByKey(keys.publicKey, 'revoked')).toBe(2)
    await eventually(() => ends.every(({ closed }) => closed.length === 1))
    expect(test.door.connections).toBe(0)
  })

  it('delivers what a client sent before it was killed, then tells that it is gone', async () => {
    const held: Connection[] = []
    const test = await open({ onConnection: (connection) => held.push(connection) })
    // The last two may not have left the client.
    const child = await test.spawn(1, 600, 300)
    const connection = await eventually(() => held[0])
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { received, closed } = listen(connection)
    await eventually(() => closed.length === 1)
    expect(received.map(([first]) => first).slice(0, 598)).toEqual(Array.from({ length: 598 }, (_, at) => `${at}`))
    await eventually(() => test.door.connections === 0)
  })

  it('ends the connection on both sides within moments when only the lifeline is cut', async () => {
    const test = await open()
    const { address, cut } = await test.tapped()
    const client = await test.client({ address })
    const { closed } = listen(client)
    client.send([Buffer.from('hello')])
    const accepted = await eventually(() => test.accepted[0])
    cut()
    await eventually(() => closed.length === 1 && test.closed.has(accepted.id))
    expect(test.closed.get(accepted.id)).toBe('the peer closed the connection')
    expect(test.door.closeByKey(accepted.publicKey, 'is gone already')).toBe(0)
  })

  it('does the same for a client that says its first word only then, or none', async () => {
    const test = await open()
    const { address, cut } = await test.tapped()
    const [late, silent] = [await test.client({ address }), await test.client({ address })]
    const ends = [listen(late), listen(silent)]
    cut()
    late.send([Buffer.from('last word')])
    const accepted = await eventually(() => test.accepted[0])
    await eventually(() => ends.every(({ closed }) => closed.length === 1) && test.closed.has(accepted.id))
    expect(test.received.get(accepted.id)).toEqual([['last word']])
    await eventually(() => test.door.closeByKey(silent.publicKey, 'gone') === 0)
    expect(test.accepted).toHaveLength(1)
  })

  it('knows how long a client has said nothing: its lifeline is no word, and a stopped process holds it too', async () => {
    const test = await open()
    const client = await test.client()
    client.send([Buffer.from('hello')])
    const accepted = await eventually(() => test.accepted[0])
    await eventually(() => accepted.silentForMs() > 100)
    client.send([Buffer.from('still there')])
    await eventually(() => accepted.silentForMs() < 100)
  })

  it('counts its clients among all others', async () => {
    const keys = generateKeyPair()
    const test = await open({ limits: { connectionsPerKey: 2, connections: 3, handshakes: 2 } })
    await Promise.all([1, 2].map(() => test.client({ keys })))
    await expect(test.client({ keys, timeoutMs: 300 })).rejects.toMatchObject({ code: 'timeout' })
    await eventually(() => test.door.awaitingApproval === 0)
    await test.client()
    await expect(test.client()).rejects.toMatchObject({ code: 'unavailable' })
    expect(test.door.counters.overLimit).toBeGreaterThan(0)
  })

  it('works off more handshakes than it makes at once', async () => {
    const test = await open({ limits: { handshakes: 2 } })
    await Promise.all(Array.from({ length: 30 }, () => test.client()))
    expect(test.door.counters).toMatchObject({ accepted: 30, admitted: 30 })
  })

  it('costs no more descriptors than are counted for a connection', async () => {
    const test = await open()
    await test.spawn(1, 1, 1)
    await eventually(() => test.door.connections === 1)
    const descriptors = () => readdirSync('/proc/self/fd').length
    const before = descriptors()
    await test.spawn(20, 1, 1)
    await eventually(() => test.door.connections === 21)
    // The other process has a channel to this one.
    expect((descriptors() - before - 1) / 20).toBeLessThanOrEqual(DESCRIPTORS_PER_CONNECTION)
  })

  it('leaves nothing behind of 300 connections that come and go', async () => {
    const test = await open()
    const round = async () => {
      const connections = await Promise.all(Array.from({ length: 25 }, () => test.client()))
      for (const client of connections) client.send([Buffer.from('hello')])
      await eventually(() => test.door.connections === 25)
      for (const [at, accepted] of test.accepted.splice(0).entries()) if (at % 3 === 0) accepted.close('bye')
      for (const client of connections) client.close('bye')
      await eventually(() => test.door.connections === 0)
    }
    await round()
    const leaks = leakCheck(`vip-${process.pid}-`)
    for (let n = 0; n < 12; n++) await round()
    expect(test.door.counters).toMatchObject({ accepted: 325, admitted: 325, intruders: 0 })
    await leaks.expectNone()
  })

  it('is not missed where somebody else serves the local socket', async () => {
    const path = join(tmpdir(), `side-door-${process.pid}-foreign`)
    const foreign = new Router({ linger: 0, curveServer: true, curveSecretKey: toZ85(serverKeys.secretKey) })
    await foreign.bind(`ipc://${path}`)
    const client = await to(path, { routingId: 'me' })
    client.send([Buffer.from('hello')])
    expect((await foreign.receive()).map(String)).toEqual(['me', 'hello'])
    client.close('done')
    foreign.close()
    rmSync(path, { force: true })
  })

  it('is passed by when its inner sockets cannot be reached, as from another container', async () => {
    const test = await open()
    const path = await serve((socket) => {
      socket.once('data', async (first) => {
        if (first.toString() === REQUEST) return socket.write(`${dirname(test.path)}/not-here/1-1\n`)
        const onward = await test.raw(first)
        return socket.pipe(onward).pipe(socket)
      })
    })
    const client = await test.client({ address: { scheme: 'ipc', path } })
    client.send([Buffer.from('hello')])
    await eventually(() => test.accepted.length === 1)
  })

  it('that never answers does not keep a client that is told to stop', async () => {
    const sockets: Socket[] = []
    const path = await serve((socket) => sockets.push(socket))
    const abort = new AbortController()
    const dialled = to(path, { signal: abort.signal, timeoutMs: 30_000 })
    await Promise.all([
      expect(dialled).rejects.toThrow('never mind'),
      eventually(() => sockets.length === 1).then(() => abort.abort(new Error('never mind'))),
    ])
    for (const socket of sockets) socket.destroy()
  })
})
