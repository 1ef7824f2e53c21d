/** Two channels and a wire between them that delivers when it is told to, on a clock that is told to move. */
import { type BatchReader, buildTail, type Credit, formatRoute, keyPairFromSecret } from '@volttron/vip'
import { Channel, type ChannelHandlers, type ChannelOptions } from '../src/channel.ts'
import type { Connection } from '../src/connection.ts'
import { INITIAL_CREDIT } from '../src/credit-window.ts'
import { type Name, NameTable } from '../src/name-table.ts'
import { Turn } from '../src/turn.ts'

type Handlers = Partial<ChannelHandlers<string, string>>

export interface PairOptions {
  readonly queueBytes?: number
  readonly credit?: Credit
  readonly left?: Handlers
  readonly right?: Handlers
  /** Of the right side, which grants. */
  readonly isCongested?: () => boolean
}

/** A connection whose messages are a list. */
export class Wire implements Connection {
  readonly id = 'test'
  readonly direction = 'dialled'
  readonly remote = 'test'
  readonly publicKey = keyPairFromSecret(Buffer.alloc(32, 1)).publicKey
  readonly routingId = ''
  readonly counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  /** Frames of each. */
  readonly batches: Buffer[][] = []
  /** True: the socket takes nothing. */
  isStuck = false

  get pendingBytes(): number {
    return this.isStuck ? this.batches.flat().reduce((bytes, frame) => bytes + frame.length, 0) : 0
  }
  send(frames: readonly Uint8Array[]): void {
    this.batches.push(frames.map((frame) => frame as Buffer))
  }
  start(): void {}
  close(): void {}
  silentForMs(): number {
    return 0
  }
}

export interface ChannelPair {
  readonly left: Channel<string, string>
  readonly right: Channel<string, string>
  readonly toRight: Wire
  readonly toLeft: Wire
  /** What the right side got: `topic:body`, `frames:a|b`; and results on the left: `result:sequence`. */
  readonly received: string[]
  nowMs: number
  /** Runs what is due at the end of the turn. */
  endTurn(): void
  /** Hands everything that is on the wires to the other side, after `ms`. */
  deliver(ms?: number): void
  /** Turns and deliveries until nothing moves. */
  settle(): void
}

export const NONCE = 7

export function channelPair(options: PairOptions = {}): ChannelPair {
  let deferred: (() => void)[] = []
  let soon: { readonly at: number; readonly run: () => void }[] = []
  const [toRight, toLeft] = [new Wire(), new Wire()]
  const received: string[] = []
  const turn = new Turn((run) => deferred.push(run))
  const make = (wire: Wire, handlers: Handlers, more: Partial<ChannelOptions> = {}) =>
    new Channel<string, string>(
      wire,
      {
        nonce: NONCE,
        credit: options.credit ?? INITIAL_CREDIT,
        turn,
        now: () => pair.nowMs,
        queueBytes: options.queueBytes ?? 0,
        ...more,
      },
      {
        resolveTopic: (text) => text,
        resolveRoute: (text) => text,
        onPublish: () => {},
        onFrames: () => {},
        onResult: (sequence) => void received.push(`result:${sequence}`),
        ...handlers,
      },
    )
  const { isCongested } = options
  const backpressure = isCongested && {
    isCongested,
    soon(run: () => void) {
      const entry = { at: pair.nowMs + 2, run }
      soon.push(entry)
      return () => {
        soon = soon.filter((other) => other !== entry)
      }
    },
  }
  const pair: ChannelPair = {
    toRight,
    toLeft,
    received,
    nowMs: 0,
    endTurn() {
      const due = deferred
      deferred = []
      for (const run of due) run()
    },
    deliver(ms = 1) {
      pair.nowMs += ms
      const ready = soon.filter(({ at }) => at <= pair.nowMs)
      soon = soon.filter(({ at }) => at > pair.nowMs)
      for (const { run } of ready) run()
      for (const [batch, more] of toRight.batches.splice(0)) pair.right.receive(batch!, more)
      for (const [batch, more] of toLeft.batches.splice(0)) pair.left.receive(batch!, more)
    },
    settle() {
      do {
        pair.endTurn()
        pair.deliver(0)
      } while (deferred.length + toRight.batches.length + toLeft.batches.length > 0)
    },
    left: undefined as never,
    right: undefined as never,
  }
  return Object.assign(pair, {
    left: make(toRight, options.left ?? {}),
    right: make(
      toLeft,
      {
        onPublish: (topic: string, _route: string, record: BatchReader) =>
          void received.push(`${topic}:${record.bodyText()}`),
        onFrames: (frames) => void received.push(`frames:${frames.map(String).join('|')}`),
        ...options.right,
      },
      backpressure ? { backpressure } : {},
    ),
  })
}

const topics = new NameTable<Name>((name) => name)
const routes = new NameTable<Name>((name) => name)
const route = routes.intern(formatRoute({ platform: '', epoch: 0, sender: 'a', path: [] }))

export function publish(
  channel: Channel<string, string>,
  topic: string,
  body: string,
  names: NameTable<Name> = topics,
): boolean {
  const { flags, bytes } = buildTail(body, '', '')
  // As the reader does it: the bytes lie within something larger that is used again.
  const source = Buffer.concat([Buffer.from('<'), bytes, Buffer.from('>')])
  const sent = channel.publish(names.intern(topic), route, flags, 1, 0, source, 1, source.length - 1)
  source.fill('?')
  return sent
}
