import { describe, expect, it } from '@jest/globals'
import { keyPairFromSecret } from '@volttron/vip'
import type { Dealer } from 'zeromq'
import { SocketConnection } from './socket-connection.ts'

/** A socket that takes a message whenever it is told to. */
function slowSocket() {
  const sent: Uint8Array[][] = []
  let take = () => {}
  const socket = {
    linger: 0,
    readable: false,
    send(frames: Uint8Array[]) {
      sent.push(frames)
      return new Promise<void>((resolve) => {
        take = resolve
      })
    },
    close() {},
  }
  const connection = new SocketConnection({
    id: 'slow',
    direction: 'dialled',
    remote: 'nowhere',
    publicKey: keyPairFromSecret(Buffer.alloc(32, 1)).publicKey,
    socket: socket as unknown as Dealer,
    release: () => {},
  })
  return {
    connection,
    sent,
    async takeOne() {
      take()
      await Promise.resolve()
    },
  }
}

describe('what waits for a socket', () => {
  it('is counted by the memory it takes, not by its bytes alone', async () => {
    const { connection, sent, takeOne } = slowSocket()
    for (let at = 0; at < 100; at++) connection.send(Array(6).fill(Buffer.from('x')))
    expect(connection.pendingBytes).toBeGreaterThan(100 * 6 * 50)
    expect(connection.counters.bytesOut).toBe(600)
    for (let at = 0; at < 100; at++) await takeOne()
    expect(sent).toHaveLength(100)
    expect(connection.pendingBytes).toBe(0)
  })

  it('does not keep alive the batches it was cut from', async () => {
    const { connection, sent, takeOne } = slowSocket()
    const batch = Buffer.allocUnsafeSlow(64 * 1024).fill('a')
    connection.send([Buffer.from('first')])
    connection.send([batch.subarray(7, 17), batch])
    await takeOne()
    const [slice, whole] = sent[1]!
    expect(String(slice)).toBe('a'.repeat(10))
    expect(slice!.buffer.byteLength).toBeLessThan(batch.length)
    expect(whole).toBe(batch)
  })
})
