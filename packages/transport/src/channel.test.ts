import { describe, expect, it } from '@jest/globals'
import { type BatchReader, buildTail, formatRoute, keyPairFromSecret } from '@volttron/vip'
import fc from 'fast-check'
import { Channel, type ChannelHandlers } from './channel.ts'
import type { Connection } from './connection.ts'
import { INITIAL_CREDIT } from './credit-window.ts'
import { type Name, NameTable } from './name-table.ts'
import { Turn } from './turn.ts'

/** Two channels and a wire between them that delivers when it is told to. */
function pair(options: { queueBytes?: number; handlers?: Partial<ChannelHandlers<string, string>> } = {}) {
  let nowMs = 0
  let deferred: (() => void)[] = []
  const wire = { toRight: [] as Buffer[], toLeft: [] as Buffer[] }
  const received: string[] = []
  const allowances = { left: 0 }
  const turn = new Turn((run) => deferred.push(run))
  const connection = (out: Buffer[]): Connection =>
    ({
      id: 'test',
      direction: 'dialled',
      remote: 'test',
      publicKey: keyPairFromSecret(Buffer.alloc(32, 1)).publicKey,
      routingId: '',
      counters: { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 },
      pendingBytes: 0,
      send: (frames) => void out.push(Buffer.from(frames[0]!)),
      start: () => {},
      close: () => {},
      silentForMs: () => 0,
    }) satisfies Connection
  const make = (out: Buffer[], handlers: Partial<ChannelHandlers<string, string>>) =>
    new Channel<string, string>(
      connection(out),
      { nonce: 7, credit: INITIAL_CREDIT, turn, now: () => nowMs, queueBytes: options.queueBytes ?? 0 },
      {
        resolveTopic: (text) => text,
        resolveRoute: (text) => text,
        onPublish: () => {},
        onFrames: () => {},
        ...handlers,
      },
    )
  const left = make(wire.toRight, { onAllowance: () => void allowances.left++, ...options.handlers })
  const right = make(wire.toLeft, {
    onPublish: (topic: string, _route: string, record: BatchReader) =>
      void received.push(`${topic}:${record.bodyText()}`),
    onFrames: (frames) => void received.push(`frames:${frames.map(String).join('|')}`),
  })
  return {
    left,
    right,
    received,
    allowances,
    endTurn() {
      const due = deferred
      deferred = []
      for (const run of due) run()
    },
    /** Hands everything that is on the wire to the other side, after `ms`. */
    deliver(ms = 1) {
      nowMs += ms
      for (const batch of wire.toRight.splice(0)) right.receive(batch)
      for (const batch of wire.toLeft.splice(0)) left.receive(batch)
    },
    get quiet() {
      return deferred.length === 0 && wire.toRight.length === 0 && wire.toLeft.length === 0
    },
  }
}

const topics = new NameTable<Name>((name) => name)
const route = new NameTable<Name>((name) => name).intern(formatRoute({ platform: '', epoch: 0, sender: 'a', path: [] }))

function publish(channel: Channel<string, string>, topic: string, body: string): boolean {
  const { flags, bytes } = buildTail(body, '', '')
  return channel.publish(topics.intern(topic), route, flags, 1, 0, bytes, 0, bytes.length)
}

describe('a channel', () => {
  it('never stands still while there is something to send, whatever the pace of the reader', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3_000 }),
        (pace, bytes) => {
          const both = pair()
          const body = `"${'x'.repeat(bytes)}"`
          const total = 20_000
          let sent = 0
          let rounds = 0
          while (both.received.length < total) {
            while (sent < total && publish(both.left, 't', body)) sent++
            both.endTurn()
            both.deliver(pace[rounds++ % pace.length])
            both.endTurn()
            both.deliver(0)
            expect(rounds).toBeLessThan(20_000)
          }
          expect(sent).toBe(total)
        },
      ),
      { numRuns: 20 },
    )
  })
})
