/** Publishers and subscribers that speak VIP1 or the batched form on a {@link BusFixture}, behind the same few words. */
import {
  type BatchHandlers,
  BatchReader,
  BatchWriter,
  buildTail,
  type Credit,
  FrameAt,
  formatRoute,
  frameText,
  helloArgument,
  PublishFlag,
  parseRoute,
  parseWelcome,
  topicFrame,
  vipMessage,
} from '@volttron/vip'
import type { BusFixture, FakeConnection } from './bus-fixture.ts'

export type Form = 'classic' | 'batched'

export interface Message {
  readonly topic: string
  readonly bus: string
  /** JSON text of an object, or `''` for none. */
  readonly headers: string
  /** JSON text, or opaque bytes. */
  readonly body: string | Uint8Array
}

/** A message as a subscriber got it, whatever the form. */
export interface Received {
  readonly topic: string
  readonly sender: string
  readonly bus: string
  readonly headers: Record<string, unknown>
  /** JSON text in ASCII, or `bytes:` and their hexadecimal digits. */
  readonly body: string
}

export interface Publisher {
  /** @param how a batched publisher may call its topic by any number, and may say a VIP1 message instead of a record */
  publish(message: Message, how: { readonly topicId: number; readonly asFrames: boolean }): void
  /** What was published leaves, in one batch. */
  cut(): void
  /** What each publish was answered, in the order of the publishes: to how many it went. */
  answers(): number[]
}

export interface Subscriber {
  subscribe(prefix: string, allPlatforms: boolean): void
  unsubscribe(prefix: string, allPlatforms: boolean): void
  /** Allows the router more. */
  grant(more: Credit): void
  received(): Received[]
}

export const publisher = (form: Form, fixture: BusFixture, identity: string): Publisher =>
  form === 'classic' ? new ClassicPublisher(fixture.connect(identity)) : new BatchedPublisher(fixture, identity)

export const subscriber = (form: Form, fixture: BusFixture, identity: string, credit: Credit): Subscriber =>
  form === 'classic'
    ? new ClassicSubscriber(fixture.connect(identity))
    : new BatchedSubscriber(fixture, identity, credit)

class ClassicPublisher implements Publisher {
  readonly #connection: FakeConnection
  #sequence = 0

  constructor(connection: FakeConnection) {
    this.#connection = connection
  }

  publish(message: Message): void {
    this.#connection.say(...publishFrames(message, ++this.#sequence))
  }
  cut(): void {}
  answers(): number[] {
    return inOrder(this.#connection.sent.flatMap(answersIn))
  }
}

class BatchedPublisher implements Publisher {
  readonly #link: BatchedLink
  readonly #writer: BatchWriter
  readonly #topicOf = new Map<number, string>()
  #sequence = 0

  constructor(fixture: BusFixture, identity: string) {
    this.#link = new BatchedLink(fixture, identity, { bytes: 1e12, records: 1e9 })
    this.#writer = new BatchWriter(this.#link.nonce)
    // The router knows better than to believe it.
    this.#writer.defineRoute(0, formatRoute({ platform: 'forged', epoch: 1, sender: 'platform.control', path: [] }))
  }

  publish(message: Message, { topicId, asFrames }: { topicId: number; asFrames: boolean }): void {
    const sequence = ++this.#sequence
    if (asFrames) return this.#writer.frames(publishFrames(message, sequence))
    if (this.#topicOf.get(topicId) !== message.topic) {
      this.#topicOf.set(topicId, message.topic)
      this.#writer.defineTopic(topicId, message.topic)
    }
    const { flags, bytes } = buildTail(message.body, message.headers, message.bus)
    const wanted = flags | PublishFlag.wantsResult
    this.#writer.publish(wanted, topicId, 0, sequence, 0, bytes, 0, bytes.length)
  }
  cut(): void {
    if (!this.#writer.isEmpty) this.#link.connection.say(this.#writer.take())
  }
  answers(): number[] {
    const answers: Answer[] = []
    this.#link.read({
      onFrames: (frames) => answers.push(...answersIn(frames)),
      onResult: (sequence, status, count) => answers.push({ sequence, count: status === 0 ? count : 0 }),
    })
    return inOrder(answers)
  }
}

class ClassicSubscriber implements Subscriber {
  readonly #connection: FakeConnection

  constructor(connection: FakeConnection) {
    this.#connection = connection
  }

  subscribe(prefix: string, allPlatforms: boolean): void {
    subscribe(this.#connection, prefix, allPlatforms)
  }
  unsubscribe(prefix: string, allPlatforms: boolean): void {
    unsubscribe(this.#connection, prefix, allPlatforms)
  }
  grant(): void {}
  received(): Received[] {
    return this.#connection.sent.filter(isDelivery).map((frames) => {
      const [topic, text] = frames.slice(FrameAt.args + 1).map(frameText) as [string, string]
      // Our own text, so it has exactly one form; what it holds need not be JSON that JSON.parse reads.
      const parts = /^\{"sender": (".*?"), "bus": (".*"), "headers": (\{.*\}), "message": (.*)\}$/s.exec(text)!
      const [, sender, bus, headers, message] = parts as unknown as [string, string, string, string, string]
      return received(topic, JSON.parse(sender) as string, JSON.parse(bus) as string, headers, message)
    })
  }
}

class BatchedSubscriber implements Subscriber {
  readonly #link: BatchedLink
  #granted: Credit

  constructor(fixture: BusFixture, identity: string, credit: Credit) {
    this.#link = new BatchedLink(fixture, identity, credit)
    this.#granted = credit
  }

  subscribe(prefix: string, allPlatforms: boolean): void {
    subscribe(this.#link.connection, prefix, allPlatforms)
  }
  unsubscribe(prefix: string, allPlatforms: boolean): void {
    unsubscribe(this.#link.connection, prefix, allPlatforms)
  }
  grant(more: Credit): void {
    this.#granted = { bytes: this.#granted.bytes + more.bytes, records: this.#granted.records + more.records }
    const writer = new BatchWriter(this.#link.nonce)
    writer.credit(this.#granted.bytes, this.#granted.records)
    this.#link.connection.say(writer.take())
  }
  received(): Received[] {
    const items: Received[] = []
    this.#link.read({
      onPublish: (topic, route, record) => {
        const { sender } = parseRoute(route)!
        const headers = record.headersText() || '{}'
        const body = record.flags & PublishFlag.json ? record.bodyText() : Buffer.from(record.bodyBytes())
        items.push(received(topic, sender, record.busText(), headers, body))
      },
    })
    return items
  }
}

interface LinkHandlers {
  onPublish?(topic: string, route: string, record: BatchReader): void
  onFrames?(frames: Buffer[]): void
  onResult?(sequence: number, status: number, count: number): void
}

/** A connection after a hello that asked for batches. */
class BatchedLink {
  readonly connection: FakeConnection
  readonly nonce: number

  constructor(fixture: BusFixture, identity: string, credit: Credit) {
    this.connection = fixture.connect(identity)
    this.connection.vip('', 'hello', 'h', 'hello', helloArgument(credit))
    const welcome = this.connection.heard().find((frames) => frames[FrameAt.args] === 'welcome')!
    this.nonce = parseWelcome(welcome[9]!)!.nonce
  }

  /** Everything the router has sent since the welcome. */
  read({ onPublish, onFrames, onResult }: LinkHandlers): void {
    const topics: string[] = []
    const routes: string[] = []
    const reader = new BatchReader()
    for (const [batch, more] of this.connection.sent) {
      const handlers: BatchHandlers = {
        onTopic: (id, text) => {
          topics[id] = text
        },
        onRoute: (id, text) => {
          routes[id] = text
        },
        onCredit: () => {},
        onFrames: (frames) => onFrames?.(frames),
        onResult: (sequence, status, count) => onResult?.(sequence, status, count),
        onPublish: (record) => onPublish?.(topics[record.topicId]!, routes[record.routeId]!, record),
      }
      reader.read(batch!, this.nonce, handlers, more)
    }
  }
}

/** As a Python agent publishes; bytes as our SDK sends them to a classic router. */
function publishFrames({ topic, bus, headers, body }: Message, sequence: number): Uint8Array[] {
  const isText = typeof body === 'string'
  const message = isText ? body : JSON.stringify(Buffer.from(body).toString('base64'))
  const members = isText ? headers || '{}' : JSON.stringify({ ...parsed(headers || '{}'), 'x-encoding': 'base64' })
  const text = `{"bus": ${JSON.stringify(bus)}, "headers": ${members}, "message": ${message}}`
  return vipMessage({ peer: '', id: `${sequence}`, subsystem: 'pubsub' }, ['publish', topicFrame(topic), text])
}

/** To how many the publish of this number went. */
interface Answer {
  readonly sequence: number
  readonly count: number
}

function answersIn(frames: readonly Uint8Array[]): Answer[] {
  if (frameText(frames[FrameAt.args]!) !== 'request_response') return []
  const [sequence, count] = [frames[FrameAt.id]!, frames[FrameAt.args + 1]!].map((frame) => Number(frameText(frame)))
  return [{ sequence: sequence!, count: count! }]
}

/** A result may overtake a message. */
const inOrder = (answers: readonly Answer[]): number[] =>
  [...answers].sort((one, other) => one.sequence - other.sequence).map(({ count }) => count)

const isDelivery = (frames: readonly Uint8Array[]): boolean => frameText(frames[FrameAt.args]!) === 'publish'

function subscribe(connection: FakeConnection, prefix: string, allPlatforms: boolean): void {
  connection.vip('', 'pubsub', 's', 'subscribe', JSON.stringify({ prefix, bus: '', all_platforms: allPlatforms }))
}

function unsubscribe(connection: FakeConnection, prefix: string, allPlatforms: boolean): void {
  const scope = allPlatforms ? 'all' : 'internal'
  connection.vip('', 'pubsub', 'u', 'unsubscribe', JSON.stringify({ [scope]: { prefix, bus: '' } }))
}

/** One form for all: bytes are bytes, however they travelled. */
export function received(
  topic: string,
  sender: string,
  bus: string,
  headersText: string,
  body: string | Uint8Array,
): Received {
  const { 'x-encoding': encoding, ...headers } = parsed(headersText)
  if (typeof body !== 'string') return { topic, sender, bus, headers, body: hex(body) }
  if (encoding === undefined) return { topic, sender, bus, headers, body: ascii(body) }
  return { topic, sender, bus, headers, body: hex(Buffer.from(JSON.parse(body) as string, 'base64')) }
}

const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
const hex = (bytes: Uint8Array): string => `bytes:${Buffer.from(bytes).toString('hex')}`
const ascii = (json: string): string =>
  json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
