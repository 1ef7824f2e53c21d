import { describe, expect, it } from '@jest/globals'
import { BatchFormatError, BatchWriter } from '@volttron/vip'
import fc from 'fast-check'
import { channelPair, NONCE, publish } from '../test/channel-pair.ts'
import { INITIAL_CREDIT } from './credit-window.ts'
import { type Name, NameTable } from './name-table.ts'

const NO_LIMIT = 1024 * 1024 * 1024

/** Something a side does. `turn` ends the turn, `wire` delivers what is under way. */
type Step =
  | { readonly kind: 'publish'; readonly topic: number; readonly bytes: number }
  | { readonly kind: 'frames'; readonly parts: readonly string[] }
  | { readonly kind: 'result' | 'turn' | 'wire' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      topic: fc.nat(9),
      bytes: fc.oneof(fc.nat(300), fc.nat(70_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('frames' as const),
      parts: fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('result' as const, 'turn' as const, 'wire' as const) }) },
)

describe('a channel', () => {
  it('never stands still while there is something to send, whatever the pace of the reader', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3_000 }),
        (pace, bytes) => {
          const pair = channelPair()
          const body = `"${'x'.repeat(bytes)}"`
          const total = 20_000
          let sent = 0
          let rounds = 0
          while (pair.received.length < total) {
            while (sent < total && publish(pair.left, 't', body)) sent++
            pair.endTurn()
            pair.deliver(pace[rounds++ % pace.length])
            pair.endTurn()
            pair.deliver(0)
            expect(rounds).toBeLessThan(20_000)
          }
          expect(sent).toBe(total)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('lets the first calls of a turn leave before it ends, and the rest together', () => {
    const pair = channelPair()
    const received = () => {
      pair.deliver()
      return pair.received.length
    }
    for (let call = 0; call < 23; call++) pair.left.sendFrames([Buffer.from('b'), Buffer.from(`call ${call}`)])
    expect(received()).toBe(0)
    for (let call = 23; call < 100; call++) pair.left.sendFrames([Buffer.from('b'), Buffer.from(`call ${call}`)])
    expect(received()).toBe(24)
    pair.endTurn()
    expect(received()).toBe(100)
  })

  it('delivers everything once, records and messages each in order, whatever waits and however it is cut into batches', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.record({ bytes: fc.nat(100_000), records: fc.nat(20) }),
        fc.integer({ min: 1, max: 12 }),
        (steps, credit, nameLimit) => {
          // The reader grants as if it had allowed what a channel allows at first; less is the writer's assumption only.
          const pair = channelPair({ credit, queueBytes: NO_LIMIT })
          const names = new NameTable<Name>((name) => name, nameLimit)
          const expected: string[] = []
          let results = 0
          for (const [at, next] of steps.entries()) {
            if (next.kind === 'publish') {
              const body = `${at}.${'x'.repeat(next.bytes)}`
              expect(publish(pair.left, `topic/${next.topic}`, body, names)).toBe(true)
              expected.push(`topic/${next.topic}:${body}`)
            } else if (next.kind === 'frames') {
              expect(pair.left.sendFrames(next.parts.map((part) => Buffer.from(part)))).toBe(true)
              expected.push(`frames:${next.parts.map((part) => Buffer.from(part).toString()).join('|')}`)
            } else if (next.kind === 'result') pair.right.sendResult(++results, 0, 1)
            else if (next.kind === 'turn') pair.endTurn()
            else pair.deliver()
          }
          pair.settle()
          // What the reader believes to have allowed and the writer does not know of comes with its next grant.
          pair.right.onCredit(0, 0)
          const grant = new BatchWriter(NONCE)
          grant.credit(1e12, 1e9)
          pair.left.receive(grant.take())
          pair.settle()
          for (const kind of ['topic/', 'frames:']) {
            const ofKind = (items: readonly string[]) => items.filter((item) => item.startsWith(kind))
            expect(ofKind(pair.received)).toEqual(ofKind(expected))
          }
          expect(pair.received.filter((item) => item.startsWith('result:'))).toEqual(
            Array.from({ length: results }, (_, at) => `result:${at + 1}`),
          )
          const { recordsOut, refused } = pair.left.counters
          expect([recordsOut, refused, pair.right.counters.recordsIn]).toEqual([expected.length, 0, expected.length])
          expect(pair.left.queuedBytes).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('never stands still while messages wait, however many come at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 300, max: 3_000 }), (bytes, messages) => {
        const pair = channelPair({ queueBytes: NO_LIMIT })
        const frame = Buffer.alloc(bytes, 'x')
        for (let sent = 0; sent < messages; sent++) expect(pair.left.sendFrames([frame])).toBe(true)
        pair.settle()
        expect(pair.received).toHaveLength(messages)
      }),
      { numRuns: 20 },
    )
  })

  it('sends a message ahead of records that wait for credit', () => {
    const pair = channelPair({ credit: { bytes: 1_000, records: 10 }, queueBytes: NO_LIMIT })
    for (let count = 0; count < 100; count++) publish(pair.left, 't', 'x'.repeat(100))
    expect(pair.left.sendFrames([Buffer.from('are you alive')])).toBe(true)
    pair.endTurn()
    pair.deliver()
    expect(pair.received).toContain('frames:are you alive')
    expect(pair.received.length).toBeLessThan(20)
  })

  it('does not send a message ahead of an earlier one', () => {
    const pair = channelPair({ credit: { bytes: 44, records: 3 }, queueBytes: NO_LIMIT })
    publish(pair.left, 't', '')
    pair.left.sendFrames([Buffer.from('first')])
    publish(pair.left, 't', '')
    pair.left.sendFrames([Buffer.from('second')])
    pair.settle()
    expect(pair.received.filter((item) => item.startsWith('frames:'))).toEqual(['frames:first', 'frames:second'])
  })

  it('keeps its queue within the bound, and counts each record it refuses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5_000), { minLength: 1, maxLength: 100 }),
        fc.nat(60_000),
        fc.record({ bytes: fc.nat(20_000), records: fc.nat(20) }),
        (sizes, queueBytes, credit) => {
          const pair = channelPair({ queueBytes, credit })
          let accepted = 0
          for (const [at, size] of sizes.entries()) {
            const body = 'x'.repeat(size)
            if (at % 3 === 0 ? pair.left.sendFrames([Buffer.from(body)]) : publish(pair.left, 't', body)) accepted++
            const waiting = pair.left.queuedBytes - pair.toRight.batches.length
            // Records and messages have a queue each. Beside them may be packed what credit allows, what messages may send
            // ahead of it, one of each more, and their heads.
            expect(waiting).toBeLessThanOrEqual(2 * queueBytes + credit.bytes + 64 * 1024 + 2 * 5_000 + 2_000)
          }
          const { counters } = pair.left
          expect(counters.refused).toBe(sizes.length - accepted)
          pair.endTurn()
          const sent = counters.recordsOut
          // Closing tells how many waited: sent + waiting + refused is what was offered.
          expect(sent + pair.left.close() + counters.refused).toBe(sizes.length)
        },
      ),
    )
  })

  it('tells when there is room again', () => {
    let drained = 0
    const pair = channelPair({
      queueBytes: 10_000,
      credit: { bytes: 1, records: 1 },
      left: { onDrain: () => void drained++ },
    })
    publish(pair.left, 't', '1')
    publish(pair.left, 't', '2')
    expect(pair.left.queuedBytes).toBeGreaterThan(0)
    pair.left.onCredit(100_000, 100)
    expect(drained).toBe(1)
    pair.settle()
    expect(pair.received).toEqual(['t:1', 't:2'])
  })

  it('tells its owner of each new allowance while nothing waits here', () => {
    let allowances = 0
    const pair = channelPair({ left: { onAllowance: () => void allowances++ } })
    pair.left.onCredit(1, 1)
    expect(allowances).toBe(1)
  })

  it('passes a record that is larger than the whole window, and what follows it', () => {
    const pair = channelPair({ queueBytes: NO_LIMIT })
    const huge = 'x'.repeat(3 * INITIAL_CREDIT.bytes)
    for (const body of ['a', huge, huge, 'b']) expect(publish(pair.left, 't', body)).toBe(true)
    pair.settle()
    expect(pair.received).toEqual(['t:a', `t:${huge}`, `t:${huge}`, 't:b'])
  })

  it('defines a name anew when its number has changed hands meanwhile, even for a record that waited', () => {
    const pair = channelPair({ queueBytes: NO_LIMIT, credit: { bytes: 1, records: 1 } })
    const names = new NameTable<Name>((name) => name, 1)
    for (const topic of ['a', 'b', 'a', 'c', 'b']) publish(pair.left, topic, topic, names)
    pair.left.onCredit(1e6, 1e3)
    pair.settle()
    expect(pair.received).toEqual(['a:a', 'b:b', 'a:a', 'c:c', 'b:b'])
  })

  it('defines each name once, however many were given out before', () => {
    const pair = channelPair()
    const late = { id: 3, stamp: 2 ** 32 + 5, text: 'late' }
    const route = { id: 0, stamp: 2 ** 40, text: 'r' }
    const send = () => pair.left.publish(late, route, 1, 1, 0, Buffer.from('x'), 0, 1)
    send()
    pair.endTurn()
    const [first] = pair.toRight.batches.flat()
    send()
    pair.endTurn()
    const [, second] = pair.toRight.batches.flat()
    expect(first!.includes('late')).toBe(true)
    expect(second!.includes('late')).toBe(false)
  })

  it('does not pile up what a socket cannot take, though the other side allows anything', () => {
    const pair = channelPair({ queueBytes: 1_000_000, credit: { bytes: Number.MAX_SAFE_INTEGER, records: 1e9 } })
    pair.toRight.isStuck = true
    const body = 'x'.repeat(60_000)
    let accepted = 0
    while (accepted < 1_000 && publish(pair.left, 't', body)) {
      accepted++
      pair.endTurn()
    }
    expect(pair.left.queuedBytes).toBeLessThan(6 * 1024 * 1024)
    expect(pair.left.counters.refused).toBe(1)
    pair.toRight.isStuck = false
    pair.settle()
    expect(pair.received).toHaveLength(accepted)
  })

  it('refuses results to somebody who asks for them without end and reads none', () => {
    const pair = channelPair()
    pair.toLeft.isStuck = true
    const text = 'x'.repeat(60_000)
    for (let sequence = 0; sequence < 5_000 && pair.right.counters.refused === 0; sequence++) {
      pair.right.sendResult(sequence, 22, 0, text)
      pair.endTurn()
    }
    expect(pair.right.queuedBytes).toBeLessThan(34 * 1024 * 1024)
    expect(pair.right.counters.refused).toBe(1)
  })
})

describe('what arrives', () => {
  const batch = (write: (writer: BatchWriter) => void, nonce = NONCE) => {
    const writer = new BatchWriter(nonce)
    write(writer)
    return writer.take()
  }
  const record = (writer: BatchWriter, topic: number, route: number) =>
    writer.publish(1, topic, route, 1, 0, Buffer.from('1'), 0, 1)

  it.each<[string, Buffer]>([
    ['a topic never defined', batch((writer) => record(writer, 0, 0))],
    [
      'a route never defined',
      batch((writer) => {
        writer.defineTopic(0, 't')
        record(writer, 0, 5)
      }),
    ],
    [
      'a number that no name has',
      batch((writer) => {
        writer.defineTopic(0, 't')
        record(writer, 70_000, 0)
      }),
    ],
    ['a number of a name beyond the limit', batch((writer) => writer.defineTopic(65_536, 't'))],
    ['a topic that is too long', batch((writer) => writer.defineTopic(0, 't'.repeat(1_025)))],
    ['a route that is too long', batch((writer) => writer.defineRoute(0, 't'.repeat(4_097)))],
    ['the nonce of another connection', batch((writer) => writer.credit(1, 1), NONCE + 1)],
    ['nothing', Buffer.alloc(0)],
  ])('breaks the format with %s', (_what, bytes) => {
    expect(() => channelPair().right.receive(bytes)).toThrow(BatchFormatError)
  })

  it('breaks the format with a route that the other side may not use', () => {
    const { right } = channelPair({ right: { resolveRoute: () => undefined } })
    expect(() => right.receive(batch((writer) => writer.defineRoute(0, 'x')))).toThrow(BatchFormatError)
  })

  it('breaks the format and nothing else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const { right } = channelPair()
        try {
          right.receive(Buffer.concat([Buffer.from([0xb5, 1, NONCE, 0, 0, 0, 0, 0, 0, 0]), bytes]))
        } catch (error) {
          expect(error).toBeInstanceOf(BatchFormatError)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('may begin with any number, and use numbers below it later; those between are not defined', () => {
    const pair = channelPair()
    const from = (id: number) =>
      batch((writer) => {
        writer.defineTopic(id, `t${id}`)
        record(writer, id, 60_000)
      })
    pair.right.receive(batch((writer) => writer.defineRoute(60_000, 'r')))
    for (const id of [65_535, 3, 40_000]) pair.right.receive(from(id))
    expect(pair.received).toEqual(['t65535:1', 't3:1', 't40000:1'])
    expect(() => pair.right.receive(batch((writer) => record(writer, 4, 60_000)))).toThrow(BatchFormatError)
  })

  it('may give a name another meaning at any time', () => {
    const pair = channelPair()
    pair.right.receive(
      batch((writer) => {
        writer.defineRoute(0, 'r')
        writer.defineTopic(0, 'old')
        record(writer, 0, 0)
        writer.defineTopic(0, 'new')
        record(writer, 0, 0)
      }),
    )
    expect(pair.received).toEqual(['old:1', 'new:1'])
  })

  it('ends with the record whose handler closes the channel', () => {
    const seen: string[] = []
    const pair = channelPair({
      right: {
        onFrames: (frames) => {
          seen.push(String(frames[0]))
          pair.right.close()
        },
        onPublish: (topic) => void seen.push(topic),
      },
    })
    pair.left.sendFrames([Buffer.from('goodbye')])
    pair.left.sendFrames([Buffer.from('one more')])
    publish(pair.left, 't', '1')
    pair.settle()
    expect(seen).toEqual(['goodbye'])
  })
})

describe('a closed channel', () => {
  it('sends nothing, receives nothing and waits for nothing', () => {
    const pair = channelPair({ queueBytes: 10_000, credit: { bytes: 100_000, records: 0 } })
    expect([publish(pair.left, 't', '1'), publish(pair.left, 't', '2')]).toEqual([true, true])
    expect(pair.left.close()).toBe(2)
    expect(publish(pair.left, 't', '3')).toBe(false)
    expect(pair.left.sendFrames([])).toBe(false)
    pair.left.sendResult(1, 0, 0)
    pair.left.onCredit(1e9, 1e9)
    pair.left.receive(Buffer.from('anything'))
    pair.endTurn()
    expect(pair.toRight.batches).toEqual([])
    expect(pair.left.close()).toBe(0)
  })

  it('lets go of a grant it held back', () => {
    const pair = channelPair({ isCongested: () => true })
    publish(pair.left, 't', 'x'.repeat(200_000))
    pair.endTurn()
    pair.deliver()
    pair.right.close()
    for (let round = 0; round < 100; round++) {
      pair.deliver(2)
      pair.endTurn()
    }
    expect(pair.toLeft.batches).toEqual([])
  })
})

describe('backpressure', () => {
  /** Lets the reader consume more than half its window, and says after how many ms the grant left. */
  function grantedAfter(isCongested: (nowMs: number) => boolean): number {
    const pair = channelPair({ isCongested: () => isCongested(pair.nowMs) })
    publish(pair.left, 't', 'x'.repeat(200_000))
    pair.endTurn()
    pair.deliver(0)
    pair.endTurn()
    for (; pair.toLeft.batches.length === 0 && pair.nowMs < 1_000; pair.endTurn()) pair.deliver(1)
    return pair.nowMs
  }

  it('is not felt while the readers behind keep up', () => {
    expect(grantedAfter(() => false)).toBeLessThanOrEqual(1)
  })

  it('holds a grant until they have caught up', () => {
    const after = grantedAfter((nowMs) => nowMs < 40)
    expect(after).toBeGreaterThanOrEqual(40)
    expect(after).toBeLessThanOrEqual(43)
  })

  it('holds a grant for 300 ms at most', () => {
    const after = grantedAfter(() => true)
    expect(after).toBeGreaterThanOrEqual(300)
    expect(after).toBeLessThanOrEqual(303)
  })

  it('grants in the end all that was consumed while it held', () => {
    const pair = channelPair({ isCongested: () => true, queueBytes: NO_LIMIT })
    const bodies = Array.from({ length: 100 }, (_, at) => `${at}.${'x'.repeat(30_000)}`)
    for (const body of bodies) publish(pair.left, 't', body)
    for (let round = 0; round < 10_000 && pair.received.length < bodies.length; round++) {
      pair.endTurn()
      pair.deliver(2)
    }
    expect(pair.received).toEqual(bodies.map((body) => `t:${body}`))
  })

  it('sees a reader as congested only while much waits, there is room, and it is reading', () => {
    const pair = channelPair({ queueBytes: 10_000, credit: { bytes: 1, records: 1 } })
    publish(pair.left, 't', 'x')
    publish(pair.left, 't', 'x')
    expect(pair.left.isCongested).toBe(false)
    publish(pair.left, 't', 'x'.repeat(4_000))
    expect(pair.left.isCongested).toBe(true)
    pair.nowMs = 200
    expect(pair.left.isCongested).toBe(false)
    pair.left.onCredit(0, 0)
    expect(pair.left.isCongested).toBe(true)
    publish(pair.left, 't', 'x'.repeat(5_600))
    expect(pair.left.isCongested).toBe(false)
    pair.left.close()
    expect(pair.left.isCongested).toBe(false)
  })
})
