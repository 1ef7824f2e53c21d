/** What every {@link Connection} promises, whatever carries it. Run for the front door, the dialled side and the twin. */
import { afterEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import type { Connection } from '../src/connection.ts'

export interface Ends {
  /** The connection under test. */
  readonly near: Connection
  /** Its counterpart, started already. */
  readonly far: Connection
  /** What the far side has received, as text. */
  readonly farReceived: string[][]
  readonly farClosed: string[]
  dispose(): Promise<void>
}

export function connectionContract(name: string, open: () => Promise<Ends>): void {
  describe(`a connection (${name})`, () => {
    let ends: Ends | undefined
    afterEach(async () => {
      await ends?.dispose()
      ends = undefined
    })

    const texts = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString())
    const message = (...frames: string[]) => frames.map((frame) => Buffer.from(frame))
    function collect(connection: Connection) {
      const received: string[][] = []
      const closed: string[] = []
      connection.start({
        onMessage: (frames) => received.push(texts(frames)),
        onClose: (reason) => closed.push(reason),
      })
      return { received, closed }
    }

    it('delivers messages in order, frame by frame, in both directions', async () => {
      ends = await open()
      const { received } = collect(ends.near)
      for (let n = 0; n < 500; n++) {
        ends.near.send(message(`out ${n}`, '', 'x'.repeat(n * 7)))
        ends.far.send(message(`in ${n}`, ''))
      }
      await eventually(() => ends!.farReceived.length === 500 && received.length === 500)
      expect(ends.farReceived.map(([first]) => first)).toEqual(Array.from({ length: 500 }, (_, n) => `out ${n}`))
      expect(ends.farReceived[499]).toEqual(['out 499', '', 'x'.repeat(499 * 7)])
      expect(received.map(([first]) => first)).toEqual(Array.from({ length: 500 }, (_, n) => `in ${n}`))
      expect(ends.near.counters.messagesOut).toBeGreaterThanOrEqual(500)
      expect(ends.near.counters.messagesIn).toBeGreaterThanOrEqual(500)
    })

    it('keeps messages that arrive before it is started', async () => {
      ends = await open()
      ends.far.send(message('early'))
      await new Promise((resolve) => setImmediate(resolve))
      const { received } = collect(ends.near)
      await eventually(() => received.length === 1)
      expect(received).toEqual([['early']])
    })

    it('counts pending bytes and tells when they have left', async () => {
      ends = await open()
      let drained = 0
      ends.near.start({ onMessage() {}, onClose() {}, onDrain: () => drained++ })
      const body = Buffer.alloc(100_000)
      for (let n = 0; n < 20; n++) ends.near.send([body])
      expect(ends.near.pendingBytes).toBeGreaterThan(0)
      expect(ends.near.pendingBytes).toBeLessThanOrEqual(2_100_000)
      await eventually(() => drained > 0)
      expect(ends.near.pendingBytes).toBe(0)
      expect(ends.near.counters.bytesOut).toBeGreaterThanOrEqual(2_000_000)
    })

    it('tells both sides once when one closes, and ignores what is sent then', async () => {
      ends = await open()
      const { closed } = collect(ends.near)
      ends.near.close('done here')
      ends.near.close('again')
      ends.near.send(message('too late'))
      await eventually(() => ends!.farClosed.length > 0)
      expect(closed).toEqual(['done here'])
      expect(ends.farClosed).toHaveLength(1)
      expect(ends.farReceived).toEqual([])
    })

    it('tells when the other side closed, after everything that was sent before', async () => {
      ends = await open()
      const { received, closed } = collect(ends.near)
      for (let n = 0; n < 100; n++) ends.far.send(message(`last words ${n}`))
      ends.far.close('leaving', 2_000)
      await eventually(() => closed.length > 0)
      expect(closed).toHaveLength(1)
      expect(received).toHaveLength(100)
    })

    it('lets queued messages leave while it lingers', async () => {
      ends = await open()
      collect(ends.near)
      for (let n = 0; n < 50; n++) ends.near.send([Buffer.alloc(50_000, 65 + (n % 26))])
      ends.near.close('leaving', 5_000)
      await eventually(() => ends!.farClosed.length > 0)
      expect(ends.farReceived).toHaveLength(50)
    })

    it('closes when a handler throws, and nothing else is harmed', async () => {
      ends = await open()
      const closed: string[] = []
      ends.near.start({
        onMessage() {
          throw new Error('cannot read this')
        },
        onClose: (reason) => closed.push(reason),
      })
      ends.far.send(message('poison'))
      await eventually(() => closed.length > 0)
      expect(closed).toEqual(['a handler failed: cannot read this'])
    })

    it('says how long the other side has been silent', async () => {
      ends = await open()
      const { received } = collect(ends.near)
      ends.far.send(message('here'))
      await eventually(() => received.length > 0)
      expect(ends.near.silentForMs()).toBeLessThan(1_000)
    })
  })
}
