import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { SendQueue } from './send-queue.ts'

describe('the queue of what waits to be sent', () => {
  it('gives back in order what was added, and counts bytes and items, whatever the order of the calls', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(100), fc.constant('take' as const)), { maxLength: 400 }), (steps) => {
        const queue = new SendQueue<{ bytes: number }>(Number.POSITIVE_INFINITY)
        const model: { bytes: number }[] = []
        for (const step of steps) {
          if (step !== 'take') {
            const item = { bytes: step }
            queue.add(item)
            model.push(item)
          } else if (!queue.isEmpty) expect(queue.take()).toBe(model.shift())
          expect(queue.length).toBe(model.length)
          expect(queue.isEmpty).toBe(model.length === 0)
          expect(queue.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0))
        }
      }),
    )
  })

  it('stays in order over many items', () => {
    const queue = new SendQueue<{ bytes: number; at: number }>(Number.POSITIVE_INFINITY)
    for (let at = 0; at < 20_000; at++) queue.add({ bytes: 1, at })
    for (let at = 0; at < 15_000; at++) expect(queue.take().at).toBe(at)
    queue.add({ bytes: 1, at: 20_000 })
    expect(queue.length).toBe(5_001)
  })

  it('knows when it is full', () => {
    const queue = new SendQueue<{ bytes: number }>(10)
    expect(queue.hasRoom(10)).toBe(true)
    queue.add({ bytes: 6 })
    expect([queue.hasRoom(4), queue.hasRoom(5)]).toEqual([true, false])
    queue.clear()
    expect([queue.bytes, queue.length]).toEqual([0, 0])
  })
})
