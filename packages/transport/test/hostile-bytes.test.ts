/** Whatever anybody sends, the front door goes on, and keeps nothing of it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually, FaultProxy, leakCheck } from '@volttron/testkit'
import { toZ85 } from '@volttron/vip'
import fc from 'fast-check'
import { Dealer } from 'zeromq'
import { generateKeyPair } from '../src/key-pair.ts'
import { curveGreeting } from '../src/zmtp-greeting.ts'
import { openDoor, serverKeys, type TestDoor } from './door.ts'

describe('hostile bytes', () => {
  let test: TestDoor
  beforeAll(async () => {
    test = await openDoor({ limits: { authenticateMs: 100, messageBytes: 100_000 } })
  })
  afterAll(() => test.door.close())

  async function offer(...chunks: Uint8Array[]): Promise<void> {
    const socket = connect(test.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    // Not once(): that would reject at the reset which is the right answer to many of these.
    const closed = new Promise((resolve) => socket.resume().on('close', resolve))
    for (const chunk of chunks) socket.write(chunk)
    socket.end()
    await closed
  }
  async function expectServing(): Promise<void> {
    const client = await test.client()
    const before = test.accepted.length
    client.send([Buffer.from('still there?')])
    await eventually(() => test.accepted.length === before + 1)
    client.close('yes')
    await eventually(() => test.door.connections === 0 && test.door.unauthenticated === 0)
  }

  it('before authentication never stop the door, and leave nothing behind', async () => {
    await expectServing()
    const leaks = leakCheck(`vip-${process.pid}-`)
    const tail = fc.uint8Array({ maxLength: 400 })
    const hello = Buffer.concat([Buffer.from([4, 200, 5]), Buffer.from('HELLO'), Buffer.alloc(194, 1)])
    const attack = fc.oneof(
      tail.map((bytes) => [bytes]),
      fc.nat(63).map((length) => [curveGreeting.subarray(0, length)]),
      tail.map((bytes) => [curveGreeting, bytes]),
      tail.map((bytes) => [curveGreeting, hello, bytes]),
      fc.tuple(fc.nat(63), fc.nat(255)).map(([at, value]) => {
        const greeting = Buffer.from(curveGreeting)
        greeting[at] = value
        return [greeting, hello]
      }),
      // A frame that claims to be 2^63 bytes long, and one that is endless.
      fc.constant([curveGreeting, Buffer.from([6, 0x7f, 255, 255, 255, 255, 255, 255, 255]), Buffer.alloc(1_000)]),
      fc.constant([curveGreeting, Buffer.alloc(500_000, 2)]),
    )
    await fc.assert(
      fc.asyncProperty(attack, async (chunks) => offer(...chunks)),
      { numRuns: 150 },
    )
    await expectServing()
    await leaks.expectNone()
  }, 30_000)

  it('after authentication cost their own connection at most', async () => {
    const proxy = await FaultProxy.to({ host: '127.0.0.1', port: test.port })
    const through = { address: { scheme: 'tcp' as const, host: proxy.host, port: proxy.port } }
    for (const direction of ['to-target', 'to-client'] as const) {
      const client = await test.client(through)
      const closed: string[] = []
      client.start({ onMessage() {}, onClose: (reason) => closed.push(reason) })
      const before = test.accepted.length
      client.send([Buffer.from('hello')])
      const accepted = await eventually(() => test.accepted[before])
      proxy.flipNextByte(direction)
      client.send([Buffer.from('from the client')])
      accepted.send([Buffer.from('from the platform')])
      client.send([Buffer.from('more')])
      accepted.send([Buffer.from('more')])
      await eventually(() => closed.length === 1 && test.closed.has(accepted.id))
      expect(test.received.get(accepted.id)!.flat()).not.toContain('garbage')
    }
    await proxy.close()
    await expectServing()
  })

  it('any frames of an authenticated peer arrive as they are', async () => {
    const client = await test.client()
    const before = test.accepted.length
    client.send([Buffer.from('first')])
    const accepted = await eventually(() => test.accepted[before])
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(frames, async (message) => {
        const received = test.received.get(accepted.id)!
        received.length = 0
        client.send(message)
        await eventually(() => received.length === 1)
        expect(received[0]).toEqual(message.map((frame) => Buffer.from(frame).toString()))
      }),
      { numRuns: 50 },
    )
    client.close('done')
  })

  it('a message larger than allowed ends the connection that sent it', async () => {
    const client = await test.client()
    const closed: string[] = []
    client.start({ onMessage() {}, onClose: (reason) => closed.push(reason) })
    client.send([Buffer.alloc(200_000)])
    await eventually(() => closed.length === 1)
    await expectServing()
  })

  it('a client without a routing id, and one with a strange one, are told apart', async () => {
    const strange = '{"x":1}\u0000\u00ff'
    const sockets = [undefined, strange].map((routingId) => {
      const keys = generateKeyPair()
      return new Dealer({
        linger: 0,
        curveServerKey: toZ85(serverKeys.publicKey),
        curvePublicKey: toZ85(keys.publicKey),
        curveSecretKey: toZ85(keys.secretKey),
        ...(routingId ? { routingId } : {}),
      })
    })
    const before = test.accepted.length
    for (const socket of sockets) {
      socket.connect(`tcp://127.0.0.1:${test.port}`)
      await socket.send('hello')
    }
    await eventually(() => test.accepted.length === before + 2)
    const ids = test.accepted.slice(before).map((connection) => connection.routingId)
    expect(ids).toContain(strange)
    for (const socket of sockets) socket.close()
  })
})
