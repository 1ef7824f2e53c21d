import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { toZ85 } from '@volttron/vip'
import { Dealer } from 'zeromq'
import type { Connection } from '../src/connection.ts'
import { networkOf } from '../src/front-door.ts'
import { DESCRIPTORS_PER_CONNECTION, frontDoorLimits } from '../src/front-door-limits.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import { openDoor, serverKeys, type TestDoor } from './door.ts'

describe('what the holder of one key can cost', () => {
  const open: { close(): unknown }[] = []
  const clients: Connection[] = []
  async function doorWith(...args: Parameters<typeof openDoor>): Promise<TestDoor> {
    const test = await openDoor(...args)
    open.push(test.door)
    return test
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close('test over')
    await Promise.all(open.splice(0).map((door) => door.close()))
  })

  it('is not the process, when it is thrown out with a message half on its way to it', async () => {
    const test = await doorWith()
    const { publicKey, secretKey } = generateKeyPair()
    const idle: Dealer[] = []
    const frames = Array.from({ length: 4 }, () => Buffer.alloc(50_000))
    for (let round = 0; round < 10; round++) {
      for (let at = 0; at < 20; at++) {
        // It never reads.
        const dealer = new Dealer({
          linger: 0,
          receiveHighWaterMark: 1,
          curveServerKey: toZ85(serverKeys.publicKey),
          curvePublicKey: toZ85(publicKey),
          curveSecretKey: toZ85(secretKey),
        })
        idle.push(dealer)
        dealer.connect(`tcp://127.0.0.1:${test.port}`)
        await dealer.send('hello')
      }
      const connections = await eventually(() => test.accepted.length === 20 && test.accepted.splice(0))
      for (const connection of connections) for (let at = 0; at < 100; at++) connection.send(frames)
      await eventually(() => connections.every(({ counters }) => counters.bytesOut > 1_000_000))
      for (const connection of connections) connection.close('thrown out')
      await eventually(() => test.door.connections === 0)
      for (const dealer of idle.splice(0)) dealer.close()
    }
    expect(test.door.counters.admitted).toBe(200)
  })

  it('is no place at the door once it has left, even if it left before it was refused', async () => {
    const keys = generateKeyPair()
    const held: Connection[] = []
    const test = await doorWith({ onConnection: (connection) => void held.push(connection) })
    const client = await test.client({ keys })
    // More than the inner socket takes unread: the end of the connection waits behind it.
    for (let at = 0; at < 40; at++) client.send([Buffer.alloc(10_000)])
    await eventually(() => held.length > 0 && client.pendingBytes === 0)
    client.close('gone', 500)
    const connection = held[0]!
    await eventually(() => connection.silentForMs() > 200)
    connection.start({
      onMessage() {
        connection.send([Buffer.from('refused')])
        connection.close('refused', 100)
      },
      onClose() {},
    })
    await eventually(() => test.door.closeByKey(keys.publicKey, 'counted') === 0)
  })

  it('is a bounded number of connections, silent or not; others still come in', async () => {
    const test = await doorWith({ limits: { connectionsPerKey: 3 } })
    const keys = generateKeyPair()
    for (let at = 0; at < 3; at++) clients.push(await test.client({ keys }))
    clients[0]!.send([Buffer.from('hello')])
    await expect(test.client({ keys, timeoutMs: 500 })).rejects.toMatchObject({ code: 'timeout' })
    expect(test.door.counters).toMatchObject({ admitted: 3, deferred: 1 })
    clients.push(await test.client())

    clients[1]!.close('makes room')
    await eventually(() => test.door.closeByKey(keys.publicKey, 'all of them') > 0)
    clients.push(await test.client({ keys }))
    expect(test.door.counters.admitted).toBe(5)
  })

  it('is not a message without end', async () => {
    const test = await doorWith({ limits: { messageBytes: 1_000_000 } })
    const client = await test.client()
    clients.push(client)
    client.start({ onMessage() {}, onClose() {} })
    const frame = Buffer.alloc(900_000)
    for (let at = 0; at < 10; at++) client.send(Array(2).fill(frame))
    const [accepted] = await eventually(() => test.accepted.length > 0 && test.accepted)
    await eventually(() => test.received.get(accepted!.id)?.length === 10)

    client.send(Array(40).fill(frame))
    await eventually(() => test.closed.get(accepted!.id))
    expect(test.closed.get(accepted!.id)).toBe('the message is too large')
    expect(test.received.get(accepted!.id)).toHaveLength(10)
  })
})

describe('what strangers can cost', () => {
  it('is a quarter of the connections at most, for those who say nothing and for those who wait', () => {
    expect(frontDoorLimits({ connections: 200 })).toMatchObject({ unauthenticated: 50, awaitingApproval: 50 })
    expect(frontDoorLimits({ connections: 10_000 })).toMatchObject({ unauthenticated: 256, awaitingApproval: 256 })
    expect(frontDoorLimits({ connections: 200, unauthenticated: 256 }).unauthenticated).toBe(50)
    expect(frontDoorLimits({ unauthenticated: 7, awaitingApproval: 8 })).toMatchObject({
      unauthenticated: 7,
      awaitingApproval: 8,
    })
  })

  it('is a fifth of the descriptors at most for those who wait for a place among them', () => {
    const { waiting, connections } = frontDoorLimits()
    expect(waiting).toBeGreaterThan(0)
    expect(waiting).toBeLessThanOrEqual(connections * DESCRIPTORS_PER_CONNECTION)
    expect(frontDoorLimits({ waiting: 7 }).waiting).toBe(7)
  })

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
  ])('is counted for %s as that of %s', (host, network) => {
    expect(networkOf(host)).toBe(network)
  })
})
