/** An agent that speaks the batched form on a {@link BusFixture}, and may say anything in it. */
import { BatchWriter, buildTail, type Credit, formatRoute, helloArgument, parseWelcome } from '@volttron/vip'
import { type BusFixture, type FakeConnection, unpack } from './bus-fixture.ts'

export class BatchedAgent {
  readonly connection: FakeConnection
  readonly nonce: number
  #known = new Map<string, number>()
  #sequence = 0

  constructor(fixture: BusFixture, identity: string, credit = { bytes: 1_000_000, records: 1_000 }) {
    this.connection = fixture.connect(identity)
    this.connection.vip('', 'hello', 'h', 'hello', helloArgument(credit))
    const welcome = this.connection.heard().find((frames) => frames[5] === 'welcome')!
    this.nonce = parseWelcome(welcome[9]!)!.nonce
  }

  publish(
    topic: string,
    body: string | Uint8Array,
    options: { headers?: string; flags?: number; ageMs?: number } = {},
  ): void {
    const writer = new BatchWriter(this.nonce)
    let id = this.#known.get(topic)
    if (id === undefined) {
      id = this.#known.size
      this.#known.set(topic, id)
      writer.defineTopic(id, topic)
    }
    writer.defineRoute(0, formatRoute({ platform: 'forged', epoch: 1, sender: 'platform.control', path: [] }))
    const tail = buildTail(body, options.headers ?? '', '')
    const { flags = 0, ageMs = 0 } = options
    writer.publish(tail.flags | flags, id, 0, ++this.#sequence, ageMs, tail.bytes, 0, tail.bytes.length)
    this.connection.say(writer.take())
  }

  /** Allows the router so much in all. */
  grant({ bytes, records }: Credit): void {
    const writer = new BatchWriter(this.nonce)
    writer.credit(bytes, records)
    this.connection.say(writer.take())
  }

  /** What it got since the last call. */
  unpack() {
    return unpack(this.connection, this.nonce)
  }
}

export const subscribe = (connection: FakeConnection, prefix: string, allPlatforms = false) =>
  connection.vip('', 'pubsub', 's', 'subscribe', JSON.stringify({ prefix, bus: '', all_platforms: allPlatforms }))
