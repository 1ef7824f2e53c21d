/** Whatever anybody does at the side door is bounded in time, and leaves nothing behind. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually, leakCheck } from '@volttron/testkit'
import fc from 'fast-check'
import { Request } from 'zeromq'
import type { Admission, Connection } from '../src/connection.ts'
import { attempt } from '../src/dial-attempt.ts'
import type { FrontDoorOptions } from '../src/front-door-ports.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { knock } from '../src/side-door.ts'
import { curveGreeting } from '../src/zmtp-greeting.ts'
import { listen, openDoor, serverKeys } from './door.ts'
import { answerOf, closed, innerPaths, type LocalDoor, openLocalDoor, REQUEST } from './local-door.ts'

describe('the side door, misused', () => {
  const doors: LocalDoor[] = []
  const raw: Socket[] = []
  async function open(options: Partial<FrontDoorOptions> = {}): Promise<LocalDoor> {
    const test = await openLocalDoor(options)
    doors.push(test)
    return test
  }
  async function reach(path: string): Promise<Socket> {
    const socket = connect(path).on('error', () => {})
    raw.push(socket)
    await once(socket, 'connect')
    return socket
  }
  afterEach(async () => {
    for (const socket of raw.splice(0)) socket.destroy()
    await Promise.all(doors.splice(0).map((door) => door.dispose()))
  })

  /** A client whose lifeline the test holds. */
  async function clientOf(test: LocalDoor) {
    const door = (await knock(test.path, 5_000))!
    const dialled = attempt({
      endpoint: `ipc://${door.path}`,
      lifeline: door.lifeline,
      remote: 'the side door',
      serverKey: serverKeys.publicKey,
      keys: generateKeyPair(),
      routingId: 'client',
      timeoutMs: 5_000,
      signal: undefined,
      maxMessageBytes: 1_000_000,
      heartbeatIntervalMs: 5_000,
      heartbeatTimeoutMs: 20_000,
    })
    return { ...door, dialled }
  }
  async function openClient(test: LocalDoor): Promise<{ connection: Connection; lifeline: Socket; path: string }> {
    const { dialled, lifeline, path } = await clientOf(test)
    const outcome = await dialled
    if (outcome.kind !== 'open') throw new Error(outcome.kind)
    return { connection: outcome.connection, lifeline, path }
  }
  const nothingLeft = (test: LocalDoor, path: string) =>
    eventually(() => test.door.unauthenticated === 0 && test.door.connections === 0 && innerPaths(path).length === 0)

  it('closes on whatever is no request and no ZMTP', async () => {
    const test = await open({ limits: { authenticateMs: 100 } })
    const leaks = leakCheck(`vip-${process.pid}-`)
    const request = Buffer.from(REQUEST)
    const tail = fc.uint8Array({ minLength: 1, maxLength: 300 })
    const attack = fc.oneof(
      tail.map((bytes) => [bytes]),
      fc.nat(request.length - 1).map((length) => [request.subarray(0, length)]),
      tail.map((bytes) => [Buffer.concat([request, bytes])]),
      tail.map((bytes) => [request, bytes]),
      fc.constant([request]),
      tail.map((bytes) => [request.subarray(0, 5), request.subarray(5), curveGreeting, bytes]),
      fc.constant([Buffer.concat([curveGreeting, request])]),
    )
    const property = fc.asyncProperty(attack, async (chunks) => {
      const socket = await test.raw(...chunks)
      await closed(socket)
    })
    await fc.assert(property, { numRuns: 60 })
    await eventually(() => test.door.unauthenticated === 0)
    expect(test.accepted).toEqual([])
    await leaks.expectNone()
  })

  it('gives half a request, and one that nobody follows up, the time of a handshake', async () => {
    const test = await open({ limits: { authenticateMs: 100 } })
    await closed(await test.raw(REQUEST.slice(0, 10)))
    const asked = await test.raw(REQUEST)
    const path = await answerOf(asked)
    const silent = await reach(path)
    await Promise.all([closed(asked), closed(silent)])
    expect(test.door.counters).toMatchObject({ timedOut: 2, badGreeting: 0 })
    await nothingLeft(test, path)
  })

  it('serves nobody over the network', async () => {
    const test = await openDoor()
    const socket = connect(test.port, '127.0.0.1').on('error', () => {})
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk
    })
    socket.write(REQUEST)
    await closed(socket)
    expect(said).toBe('')
    expect(test.door.counters.badGreeting).toBe(1)
    await test.door.close()
  })

  it('ends with what is said on a lifeline, unless that is a farewell', async () => {
    const test = await open()
    for (const words of ['x', '1\n2\n', '-1\n', '9'.repeat(40), '\n']) {
      const { connection, lifeline, path } = await openClient(test)
      const { closed: ended } = listen(connection)
      connection.send([Buffer.from('hello')])
      await eventually(() => test.door.connections === 1)
      lifeline.write(words)
      await eventually(() => ended.length === 1)
      await nothingLeft(test, path)
    }
    const early = await test.raw(REQUEST)
    const path = await answerOf(early)
    early.write('0\n')
    await closed(early)
    await nothingLeft(test, path)
  })

  it('believes a farewell only as far as it harms the one who says it', async () => {
    const test = await open()
    for (const messages of [0, 1, 2]) {
      const { connection, lifeline, path } = await openClient(test)
      const { closed: ended } = listen(connection)
      for (const text of ['one', 'two', 'three']) connection.send([Buffer.from(text)])
      const accepted = await eventually(() => test.accepted.at(-1))
      await eventually(() => test.received.get(accepted.id)?.length === 3)
      lifeline.write(`${messages}\n`)
      await eventually(() => ended.length === 1)
      await nothingLeft(test, path)
      test.accepted.length = 0
    }
    const { connection, lifeline, path } = await openClient(test)
    const { closed: ended } = listen(connection)
    connection.send([Buffer.from('one')])
    await eventually(() => test.door.connections === 1)
    lifeline.write('1000000\n')
    connection.close('never mind')
    await eventually(() => ended.length === 1)
    await nothingLeft(test, path)
  })

  it('ends both when two are connected to one inner socket', async () => {
    const test = await open()
    const asked = await test.raw(REQUEST)
    const path = await answerOf(asked)
    const both = [connect(path), connect(path)]
    await Promise.all([asked, ...both].map((socket) => closed(socket.on('error', () => {}))))
    expect(test.door.counters.intruders).toBe(1)
    await nothingLeft(test, path)
  })

  it('does not take a client that dies in its handshake for one with a wrong server key', async () => {
    const events: string[] = []
    const note = (_: object, event: string) => void events.push(event)
    const test = await open({ log: { debug() {}, info: note, warn: note } })
    const asked = await test.raw(REQUEST)
    const path = await answerOf(asked)
    const inner = await reach(path)
    inner.write(curveGreeting)
    await once(inner, 'data')
    inner.destroy()
    await closed(asked)
    expect(events).toEqual([])
    await expect(test.client({ serverKey: generateKeyPair().publicKey })).rejects.toMatchObject({ code: 'config' })
    expect(events).toContain('handshake-failed-wrong-server-key')
    await nothingLeft(test, path)
  })

  it('ends a connection for which a second key is asked about', async () => {
    const test = await open()
    const { connection, path } = await openClient(test)
    const { closed: ended } = listen(connection)
    connection.send([Buffer.from('hello')])
    const accepted = await eventually(() => test.accepted[0])
    const intruder = new Request({ linger: 0 })
    intruder.connect('inproc://zeromq.zap.01')
    await intruder.send(['1.0', '1', accepted.id, 'somewhere', '', 'CURVE', Buffer.alloc(32, 1)])
    const [, , status] = await intruder.receive()
    intruder.close()
    expect(status!.toString()).toBe('400')
    await eventually(() => ended.length === 1)
    expect(test.door.counters.intruders).toBe(1)
    await nothingLeft(test, path)
  })

  it('shows its path to one only: it is gone as soon as somebody is there', async () => {
    const test = await open()
    const { connection, path } = await openClient(test)
    await eventually(() => innerPaths(path).length === 0)
    connection.close('done')
    const asked = await test.raw(REQUEST)
    const other = await answerOf(asked)
    expect(dirname(other)).toBe(dirname(path))
    expect(innerPaths(path)).toHaveLength(1)
    const garbage = await reach(other)
    await eventually(() => innerPaths(path).length === 0)
    garbage.write(Buffer.alloc(1_000, 2))
    await closed(asked)
    await nothingLeft(test, path)
  })

  it('keeps nothing of a client that goes away, whatever it waits for', async () => {
    const verdicts: Record<string, () => Promise<Admission> | Admission> = {
      admission: () => new Promise(() => {}),
      waiting: () => ({ verdict: 'later', reason: 'unknown' }),
      refused: () => ({ verdict: 'refuse', reason: 'revoked' }),
      admitted: () => ({ verdict: 'accept' }),
    }
    for (const admit of Object.values(verdicts)) {
      const test = await open({ admit })
      const { lifeline, dialled, path } = await clientOf(test)
      const { counters } = test.door
      await eventually(() => innerPaths(path).length === 0)
      await eventually(
        () => counters.deferred + counters.refused + counters.admitted === 1 || test.door.unauthenticated === 1,
      )
      lifeline.destroy()
      const outcome = await dialled
      if (outcome.kind === 'open') listen(outcome.connection)
      else expect(['cut', 'denied']).toContain(outcome.kind)
      await nothingLeft(test, path)
      await eventually(() => test.door.awaitingApproval === 0)
    }
  })

  it('keeps nothing of one that goes away while it waits for its turn', async () => {
    const test = await open({ limits: { handshakes: 1 } })
    const first = await test.raw(REQUEST)
    const path = await answerOf(first)
    const second = await test.raw(REQUEST)
    const third = await test.raw(REQUEST, 'and more')
    await eventually(() => test.door.unauthenticated === 3)
    second.destroy()
    first.destroy()
    await closed(third)
    await nothingLeft(test, path)
  })

  it('is closed with the door, for those who are open, in their handshake and waiting', async () => {
    const leaks = leakCheck(`vip-${process.pid}-`)
    const test = await openLocalDoor({ limits: { handshakes: 2 } })
    const { connection } = await openClient(test)
    const { closed: ended } = listen(connection)
    connection.send([Buffer.from('hello')])
    await eventually(() => test.door.connections === 1)
    const sockets = await Promise.all([1, 2, 3].map(() => test.raw(REQUEST)))
    await eventually(() => test.door.unauthenticated === 3)
    await test.dispose()
    await Promise.all(sockets.map(closed))
    await eventually(() => ended.length === 1)
    await leaks.expectNone()
  })

  it('hears a client that leaves to the end, however late it is read and whoever else leaves', async () => {
    const held: Connection[] = []
    const test = await open({ onConnection: (connection) => held.push(connection) })
    const { connection } = await openClient(test)
    const { closed: ended } = listen(connection)
    for (let at = 0; at < 5_000; at++) connection.send([Buffer.from(`${at}`)])
    connection.close('done', 20_000)
    const accepted = await eventually(() => held[0])
    expect(ended).toEqual([])
    const server = listen(accepted)
    await eventually(() => server.closed.length === 1 && ended.length === 1)
    expect(server.received).toHaveLength(5_000)

    const both = await openClient(test)
    both.connection.send([Buffer.from('hello')])
    const other = await eventually(() => held[1])
    const ends = [listen(both.connection), listen(other)]
    both.connection.close('me first', 60_000)
    other.close('no, me', 60_000)
    await eventually(() => ends.every((end) => end.closed.length === 1))
  })
})
