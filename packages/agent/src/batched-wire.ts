/** The batched form with a router of ours (batch-format.ts of the VIP package). */
import { Channel, type Connection, type Name, NameTable, Turn } from '@volttron/transport'
import {
  type BatchReader,
  buildTail,
  formatRoute,
  isBatch,
  maxTailBytes,
  PublishFlag,
  parseRoute,
  type Route,
  tailFlags,
  type WelcomeCapabilities,
  writeTail,
} from '@volttron/vip'
import type { PublishContent } from './outgoing.ts'
import type { AgentPorts } from './ports.ts'
import type { PublishKey, Wire } from './wire.ts'

/** What arrives; `T` is what the receiver keeps per topic, so that it looks a topic up once and not per message. */
export interface BatchedReceiver<T> {
  resolveTopic(topic: string): T
  onRecord(topic: T, route: Route, record: BatchReader): void
  onResult(sequence: number, status: number, count: number, text: string): void
  /** A classic VIP message, batched or not. */
  onFrames(frames: Buffer[]): void
  /** There is room to send again. */
  onRoom(): void
}

/** Topics the agent publishes to and its route, interned for the life of the agent. */
export class SenderNames {
  readonly #topics = new NameTable<Name>((name) => name)
  /** Most agents publish to one topic many times in a row. Never older than the last topic interned, so never evicted. */
  #lastTopic: Name | undefined
  /** The router fills in who the agent is, so it has one route only. */
  readonly route = new NameTable<Name>((name) => name).intern(
    formatRoute({ platform: '', epoch: 0, sender: '', path: [] }),
  )

  topic(text: string): Name {
    if (this.#lastTopic?.text !== text) this.#lastTopic = this.#topics.intern(text)
    return this.#lastTopic!
  }
}

/** Messages that need no more than this are encoded in place, without a buffer of their own. */
const SCRATCH_BYTES = 48 * 1024
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

export class BatchedWire<T> implements Wire {
  readonly batched = true
  readonly #channel: Channel<T, Route>
  readonly #names: SenderNames
  readonly #receiver: BatchedReceiver<T>
  #sequence = 0

  constructor(
    connection: Connection,
    welcome: WelcomeCapabilities,
    names: SenderNames,
    ports: AgentPorts,
    receiver: BatchedReceiver<T>,
  ) {
    this.#names = names
    this.#receiver = receiver
    this.#channel = new Channel<T, Route>(
      connection,
      // The outbox is the queue: it outlives the connection.
      { nonce: welcome.nonce, credit: welcome.credit, turn: new Turn(ports.defer), now: ports.now, queueBytes: 0 },
      {
        resolveTopic: (text) => receiver.resolveTopic(text),
        resolveRoute: parseRoute,
        onPublish: (topic, route, record) => receiver.onRecord(topic, route, record),
        onFrames: (frames) => receiver.onFrames(frames),
        onResult: (sequence, status, count, text) => receiver.onResult(sequence, status, count, text),
        onAllowance: () => receiver.onRoom(),
      },
    )
  }

  publish(content: PublishContent, wantsResult: boolean, ageMs: number): PublishKey | undefined {
    const { body, headersJson, bus } = content
    let flags = tailFlags(body, headersJson, bus)
    let source: Uint8Array = scratch
    let end: number
    if (flags === 0) {
      source = body as Uint8Array
      end = source.length
    } else if (maxTailBytes(body, headersJson, bus) <= SCRATCH_BYTES) end = writeTail(scratch, body, headersJson, bus)
    else {
      source = buildTail(body, headersJson, bus).bytes
      end = source.length
    }
    if (wantsResult) flags |= PublishFlag.wantsResult
    const topic = this.#names.topic(content.topic)
    const sequence = this.#sequence + 1
    if (!this.#channel.publish(topic, this.#names.route, flags, sequence, ageMs, source, 0, end)) return undefined
    this.#sequence = sequence
    return sequence
  }

  send(frames: readonly Uint8Array[]): boolean {
    return this.#channel.sendFrames(frames)
  }

  receive(frames: Buffer[]): void {
    if (isBatch(frames)) this.#channel.receive(frames[0]!, frames[1])
    else this.#receiver.onFrames(frames)
  }

  flush(): void {
    this.#channel.flush()
  }

  close(): void {
    this.#channel.close()
  }
}
