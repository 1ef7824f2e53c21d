import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually, leakCheck } from '@volttron/testkit'
import { type PublicKey, toZ85 } from '@volttron/vip'
import { Dealer, Request, Router } from 'zeromq'
import type { Admission, Connection } from '../src/connection.ts'
import { refuseStranger } from '../src/front-door-self-test.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { hasAbstractSockets } from '../src/local-path.ts'
import { curveGreeting } from '../src/zmtp-greeting.ts'
import { listen, openDoor, serverKeys, type TestDoor } from './door.ts'

const knock = (text = 'knock') => [Buffer.from(text)]

describe('the front door', () => {
  const doors: TestDoor[] = []
  const clients: Connection[] = []
  async function open(...args: Parameters<typeof openDoor>): Promise<TestDoor> {
    const test = await openDoor(...args)
    doors.push(test)
    return {
      ...test,
      async client(options) {
        const client = await test.client(options)
        clients.push(client)
        return client
      },
    }
  }
  const raw: Socket[] = []
  async function rawClient(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1')
    raw.push(socket)
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close('test over')
    for (const socket of raw.splice(0)) socket.destroy()
    await Promise.all(doors.splice(0).map(({ door }) => door.close()))
  })

  it('hands a connection over with its key, routing id and remote address', async () => {
    const test = await open()
    const keys = generateKeyPair()
    const client = await test.client({ keys, routingId: 'listener.agent' })
    client.send(knock())
    const accepted = await eventually(() => test.accepted[0])
    expect(accepted.publicKey).toBe(keys.publicKey)
    expect(accepted.routingId).toBe('listener.agent')
    expect(accepted.remote).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(client.publicKey).toBe(serverKeys.publicKey)
    await eventually(() => test.received.get(accepted.id)?.length === 1)
    expect(test.received.get(accepted.id)).toEqual([['knock']])
    expect(test.door.connections).toBe(1)
    expect(test.door.counters).toMatchObject({ accepted: 1, admitted: 1 })
  })

  it('tells two connections apart that claim the same routing id', async () => {
    const test = await open()
    const [one, two] = [generateKeyPair(), generateKeyPair()]
    for (const keys of [one, two]) (await test.client({ keys, routingId: 'platform.control' })).send(knock())
    await eventually(() => test.accepted.length === 2)
    expect(test.accepted.map((c) => c.publicKey).sort()).toEqual([one.publicKey, two.publicKey].sort())
  })

  it('attributes every live client rightly in a storm of dying ones', async () => {
    const test = await open({ limits: { unauthenticatedPerAddress: 256 } })
    const clientOf = new Map<string, PublicKey>()
    const dying = Array.from({ length: 60 }, async (_, n) => {
      const abort = new AbortController()
      const dial = test.client({ routingId: `dying ${n}`, signal: abort.signal }).catch(() => {})
      setTimeout(() => abort.abort(), n % 40)
      await dial
    })
    const living = Array.from({ length: 90 }, async (_, n) => {
      const keys = generateKeyPair()
      clientOf.set(`living ${n}`, keys.publicKey)
      const client = await test.client({ keys, routingId: `living ${n}`, timeoutMs: 20_000 })
      client.send(knock(`living ${n}`))
    })
    await Promise.all([...dying, ...living])
    await eventually(() => test.accepted.filter((c) => c.routingId.startsWith('living')).length === 90)
    for (const connection of test.accepted) {
      if (!connection.routingId.startsWith('living')) continue
      expect(connection.publicKey).toBe(clientOf.get(connection.routingId))
      await eventually(() => test.received.get(connection.id)?.length === 1)
      expect(test.received.get(connection.id)).toEqual([[connection.routingId]])
    }
  })

  it('lets nobody in whom the platform denies', async () => {
    const test = await open({ admit: () => ({ verdict: 'refuse', reason: 'revoked' }) })
    await expect(test.client()).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('refused our key'),
    })
    expect(test.door.counters).toMatchObject({ refused: 1, admitted: 0 })
    await eventually(() => test.door.unauthenticated === 0)
  })

  it('counts a client with a wrong server key as a failed handshake', async () => {
    const test = await open()
    const wrong = generateKeyPair().publicKey
    await expect(test.client({ serverKey: wrong })).rejects.toMatchObject({ code: 'config' })
    await eventually(() => test.door.counters.handshakeFailed === 4)
    expect(test.accepted).toEqual([])
  })

  it('holds a key that is being looked up, and lets it in when the answer comes', async () => {
    let answer = (_: Admission) => {}
    const test = await open({ admit: () => new Promise((resolve) => (answer = resolve)) })
    const dialled = test.client()
    await eventually(() => test.door.counters.accepted === 1 && test.door.unauthenticated === 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer({ verdict: 'accept' })
    await dialled
    expect(test.door.counters.accepted).toBe(1)
  })

  it('keeps a key waiting for approval, and lets it in at once when admissions are refreshed', async () => {
    const known = new Set<PublicKey>()
    const test = await open({
      admit: (key) => (known.has(key) ? { verdict: 'accept' } : { verdict: 'later', reason: 'not known' }),
    })
    const keys = generateKeyPair()
    const dialled = test.client({ keys })
    await eventually(() => test.door.awaitingApproval === 1)
    expect(test.door.unauthenticated).toBe(0)
    known.add(keys.publicKey)
    test.door.refreshAdmissions()
    await dialled
    expect(test.door.counters).toMatchObject({ deferred: 1, admitted: 1 })
    expect(test.door.awaitingApproval).toBe(0)
  })

  it('lets a key wait when the platform has no answer in time, or fails to give one', async () => {
    const test = await open({ admit: () => new Promise(() => {}), limits: { admissionMs: 20 } })
    const failing = await open({
      admit: () => {
        throw new Error('registry exploded')
      },
    })
    for (const { client, door } of [test, failing]) {
      const dialled = client({ timeoutMs: 400 })
      await expect(dialled).rejects.toMatchObject({ message: expect.stringContaining('waits for approval') })
      expect(door.counters.deferred).toBe(1)
    }
  })

  it('makes room for others when too many wait for approval', async () => {
    const test = await open({ admit: () => ({ verdict: 'later', reason: 'x' }), limits: { awaitingApproval: 2 } })
    const dials = [1, 2, 3].map(() => test.client({ timeoutMs: 600 }).catch(() => {}))
    await eventually(() => test.door.counters.deferred >= 3)
    expect(test.door.awaitingApproval).toBe(2)
    await Promise.all(dials)
  })

  it('cuts a connection that is kicked, and the client sees it', async () => {
    const test = await open()
    const client = await test.client()
    const { closed } = listen(client)
    client.send(knock())
    const accepted = await eventually(() => test.accepted[0])
    accepted.close('kicked')
    await eventually(() => closed.length === 1)
    expect(test.closed.get(accepted.id)).toBe('kicked')
    await eventually(() => test.door.connections === 0)
  })

  it('cuts every connection of a revoked key and no other', async () => {
    const test = await open()
    const [bad, good] = [generateKeyPair(), generateKeyPair()]
    const ends: ReturnType<typeof listen>[] = []
    for (const keys of [bad, bad, good]) {
      const client = await test.client({ keys })
      ends.push(listen(client))
      client.send(knock())
    }
    await eventually(() => test.accepted.length === 3)
    expect(test.door.closeByKey(bad.publicKey, 'revoked')).toBe(2)
    await eventually(() => ends[0]!.closed.length === 1 && ends[1]!.closed.length === 1)
    expect(ends[2]!.closed).toEqual([])
    expect(test.door.connections).toBe(1)
  })

  it('lets more connections than may be unauthenticated wait unread, from one address and in all', async () => {
    for (const limits of [{ unauthenticatedPerAddress: 3 }, { unauthenticated: 3 }]) {
      const test = await open({ limits })
      const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => rawClient(test.port)))
      await eventually(() => test.door.waiting === 2)
      expect(test.door.unauthenticated).toBe(3)
      const client = test.client()
      for (const socket of sockets) socket.destroy()
      await client
      await eventually(() => test.door.unauthenticated === 0)
      expect(test.door.counters.overLimit).toBe(0)
    }
  })

  it('refuses connections when there is no place to wait, or when they have waited too long', async () => {
    const crowded = await open({ limits: { unauthenticated: 2, waiting: 1 } })
    await Promise.all([1, 2, 3, 4].map(() => rawClient(crowded.port)))
    await eventually(() => crowded.door.counters.overLimit === 1)
    expect(crowded.door).toMatchObject({ unauthenticated: 2, waiting: 1 })

    const test = await open({ limits: { unauthenticated: 1, authenticateMs: 50 } })
    const sockets = [await rawClient(test.port), await rawClient(test.port), await rawClient(test.port)]
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
    expect(test.door.waiting).toBe(0)
  })

  it('lets nobody wait any more when it closes', async () => {
    const test = await open({ limits: { unauthenticated: 1 } })
    const sockets = await Promise.all([1, 2].map(() => rawClient(test.port)))
    await eventually(() => test.door.waiting === 1)
    const ended = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
    await test.door.close()
    await ended
  })

  it('refuses more connections than the descriptors allow', async () => {
    const test = await open({ limits: { connections: 2 } })
    await test.client()
    await test.client()
    await expect(test.client()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('closed the connection'),
    })
  })

  it('works off more handshakes than it makes at once', async () => {
    const test = await open({ limits: { handshakes: 2 } })
    await Promise.all(Array.from({ length: 30 }, () => test.client()))
    expect(test.door.counters.admitted).toBe(30)
  })

  it('ends a client that never gets on with its greeting', async () => {
    const test = await open({ limits: { authenticateMs: 50 } })
    const slow = await rawClient(test.port)
    slow.write(curveGreeting.subarray(0, 12))
    await once(slow.resume(), 'close')
    expect(test.door.counters.timedOut).toBe(1)
    const stuck = await rawClient(test.port)
    stuck.write(curveGreeting)
    await once(stuck.resume(), 'close')
    expect(test.door.counters.timedOut).toBe(2)
  })

  it('closes a client that holds a key and never says a word', async () => {
    const test = await open({ limits: { firstMessageMs: 50 } })
    const { closed } = listen(await test.client())
    await eventually(() => closed.length === 1)
  })

  it('makes no socket for anything but ZMTP 3 with CURVE', async () => {
    const test = await open()
    const plain = Buffer.from(curveGreeting)
    plain.fill(0, 12, 32).write('NULL', 12)
    const old = Buffer.from(curveGreeting)
    old[10] = 1
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      plain,
      old,
      Buffer.from([0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ]) {
      const socket = await rawClient(test.port)
      socket.end(bytes)
      await once(socket.resume(), 'close')
    }
    expect(test.door.counters.badGreeting).toBe(4)
  })

  it('does not let a stalled reader delay the others', async () => {
    const accepted: Connection[] = []
    const test = await open({ onConnection: (connection) => accepted.push(connection) })
    const stalled = await test.client({ routingId: 'stalled' })
    const lively = await test.client({ routingId: 'lively' })
    const { received } = listen(lively)
    stalled.send(knock())
    lively.send(knock())
    await eventually(() => accepted.length === 2)
    for (const connection of accepted) listen(connection)
    const to = (id: string) => accepted.find((connection) => connection.routingId === id)!
    for (let n = 0; n < 1_000; n++) to('stalled').send([Buffer.alloc(64 * 1024)])
    for (let n = 0; n < 200; n++) to('lively').send(knock(`${n}`))
    await eventually(() => received.length === 200)
    expect(to('stalled').pendingBytes).toBeGreaterThan(10_000_000)
    expect(to('lively').pendingBytes).toBe(0)
  })

  it('serves a path socket and IPv6 beside each other', async () => {
    const path = `/tmp/vip-test-${process.pid}.sock`
    const test = await open({
      addresses: [
        { scheme: 'tcp', host: '::1', port: 0 },
        { scheme: 'ipc', path },
        { scheme: 'tcp', host: '*', port: 0 },
      ],
    })
    const [, , any] = test.door.boundAddresses
    const anyPort = any?.scheme === 'tcp' ? any.port : 0
    for (const address of [
      ...test.door.boundAddresses.slice(0, 2),
      { scheme: 'tcp' as const, host: '127.0.0.1', port: anyPort },
      { scheme: 'tcp' as const, host: 'localhost', port: anyPort },
    ])
      (await test.client({ address })).send(knock())
    await eventually(() => test.accepted.length === 4)
    expect(test.accepted.map(({ remote }) => remote)).toContain(path)
    expect(test.accepted.map(({ remote }) => remote)).toContainEqual(expect.stringMatching(/^\[::1\]:\d+$/))
  })

  it('says in one line why it cannot listen', async () => {
    const test = await open()
    const attempts: [host: string, port: number, words: string][] = [
      ['127.0.0.1', test.port, 'in use'],
      ['203.0.113.7', 0, 'no interface of this machine'],
      ['no-such-host.invalid', 0, 'host name'],
    ]
    for (const [host, port, words] of attempts) {
      const opening = openDoor({ addresses: [{ scheme: 'tcp', host, port }] })
      await expect(opening).rejects.toMatchObject({ name: 'VolttronError', message: expect.stringContaining(words) })
    }
  })

  if (hasAbstractSockets)
    it('is found under an abstract name, by clients of ours and by any that use libzmq', async () => {
      const path = `@/tmp/vip-abstract-${process.pid}`
      const test = await open({ addresses: [{ scheme: 'ipc', path }] })
      const byUs = await test.client({ routingId: 'ours' })
      byUs.send(knock('from us'))
      const keys = generateKeyPair()
      const dealer = new Dealer({
        curveServerKey: toZ85(serverKeys.publicKey),
        curvePublicKey: toZ85(keys.publicKey),
        curveSecretKey: toZ85(keys.secretKey),
        routingId: 'libzmq',
        linger: 0,
      })
      dealer.connect(`ipc://${path}`)
      await dealer.send('from libzmq')
      await eventually(() => [...test.received.values()].flat(2).length === 2)
      expect(test.accepted.map(({ routingId }) => routingId).sort()).toEqual(['libzmq', 'ours'])
      dealer.close()
      await expect(openDoor({ addresses: [{ scheme: 'ipc', path }] })).rejects.toThrow('in use')
    })

  it('opens all the same where an extra address cannot be used, and says so in the log', async () => {
    const first = await open()
    const warnings: string[] = []
    const log = { debug() {}, info() {}, warn: (_fields: object, event: string) => void warnings.push(event) }
    const extraAddresses = [{ scheme: 'tcp' as const, host: '127.0.0.1', port: first.port }]
    const second = await open({ extraAddresses, log })
    expect(warnings).toEqual(['cannot-listen-there'])
    expect(second.door.boundAddresses).toHaveLength(1)
    await second.client()
  })

  it('takes the path over that a killed process left behind, and never that of a live one', async () => {
    const path = `/tmp/vip-stale-${process.pid}.sock`
    const addresses = [{ scheme: 'ipc' as const, path }]
    const first = await open({ addresses })
    await expect(openDoor({ addresses })).rejects.toMatchObject({ message: expect.stringContaining('in use') })
    await (await first.client()).close('still served')
  })

  it('leaves no descriptor and no file behind', async () => {
    await (await openDoor()).door.close()
    const leaks = leakCheck(`vip-${process.pid}-`)
    const test = await openDoor()
    const dials = Array.from({ length: 20 }, (_, n) => test.client({ routingId: `agent ${n}` }))
    const connections = await Promise.all(dials)
    for (const client of connections.slice(0, 10)) client.send(knock())
    await eventually(() => test.accepted.length === 10)
    for (const client of connections.slice(5)) client.close('gone')
    await test.door.close()
    for (const client of connections) client.close('gone')
    await leaks.expectNone()
  })

  it('stays flat over 500 connections that come and go', async () => {
    const test = await open()
    const round = async () => {
      const connections = await Promise.all(Array.from({ length: 25 }, () => test.client()))
      for (const client of connections) client.send(knock())
      await eventually(() => test.door.connections === 25)
      for (const client of connections) client.close('bye')
      await eventually(() => test.door.connections === 0)
    }
    await round()
    const leaks = leakCheck(`vip-${process.pid}-`)
    for (let n = 0; n < 20; n++) await round()
    expect(test.door.counters.admitted).toBe(525)
    await leaks.expectNone()
  }, 30_000)

  it('closes a connection whose inner socket somebody else has dialled', async () => {
    const test = await open()
    const client = await test.client()
    const { closed } = listen(client)
    client.send(knock())
    const accepted = await eventually(() => test.accepted[0])
    // What libzmq would ask if a second peer began a handshake on the inner socket of this connection.
    const intruder = new Request({ linger: 0 })
    intruder.connect('inproc://zeromq.zap.01')
    await intruder.send(['1.0', '1', accepted.id, 'somewhere', '', 'CURVE', Buffer.alloc(32, 1)])
    const [, , status] = await intruder.receive()
    expect(status!.toString()).toBe('400')
    await eventually(() => closed.length === 1)
    expect(test.door.counters.intruders).toBe(1)
    intruder.close()
  })

  it("answers 400 for a domain that is nobody's", async () => {
    await open()
    const asker = new Request({ linger: 0 })
    asker.connect('inproc://zeromq.zap.01')
    await asker.send(['1.0', '1', 'no-such-domain', 'somewhere', '', 'CURVE', Buffer.alloc(32, 1)])
    const [, , status] = await asker.receive()
    expect(status!.toString()).toBe('400')
    asker.close()
  })

  it('would notice at its start a build that lets strangers in', async () => {
    const path = `/tmp/vip-lenient-${process.pid}.sock`
    const lenient = new Router({ linger: 0, curveServer: true, curveSecretKey: toZ85(serverKeys.secretKey) })
    await lenient.bind(`ipc://${path}`)
    await expect(refuseStranger(path, serverKeys.publicKey)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('a stranger was let in'),
    })
    lenient.close()
    rmSync(path, { force: true })
  })

  it('closes twice without harm', async () => {
    const { door } = await openDoor()
    await Promise.all([door.close(), door.close()])
  })
})
