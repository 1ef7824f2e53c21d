/** `agent.vip.pubsub`: publish and subscribe. */
import { prefixProblem } from '@volttron/topics'
import { MAX_TOPIC_LENGTH } from '@volttron/transport'
import { parseJson, toAsciiJson, VolttronError } from '@volttron/vip'
import { type Bus, queueFull } from './bus.ts'
import { PLATFORM_HEADER } from './deliveries.ts'
import { MAX_MESSAGE_BYTES, tooLarge } from './limits.ts'
import type { PublishContent } from './outgoing.ts'
import type { SubscriptionSync } from './subscription-sync.ts'
import type { MessageHeaders, PubSubCallback, Subscriptions } from './subscriptions.ts'

export interface PublishOptions {
  /** Always `'pubsub'`; may be left out. */
  readonly peer?: 'pubsub'
  /** At most 1,024 characters; segments are separated by `/`. */
  readonly topic: string
  /** Any JSON value, or bytes (Buffer, Uint8Array); a little less than 16 MiB. Absent: `null`. NaN and infinities become `null`. */
  readonly message?: unknown
  /** JSON values by name. A header `platform` is left out: the platform writes it on remote deliveries. */
  readonly headers?: MessageHeaders
  /** Given to subscribers as it is. */
  readonly bus?: string
}

export interface SubscribeOptions {
  /** Always `'pubsub'`; may be left out. */
  readonly peer?: 'pubsub'
  /** Plain text prefix: `devices/a` matches `devices/ab`, `''` matches everything. */
  readonly prefix: string
  readonly callback: PubSubCallback
  readonly bus?: string
  /** Also messages of federated platforms. Default false. */
  readonly allPlatforms?: boolean
}

/** What is left out fits all. */
export interface UnsubscribeOptions {
  readonly peer?: 'pubsub'
  readonly prefix?: string
  readonly callback?: PubSubCallback
  readonly bus?: string
  readonly allPlatforms?: boolean
}

export interface ListOptions {
  /** Default `''`: all. */
  readonly prefix?: string
  readonly allPlatforms?: boolean
  /** Only what this agent has subscribed to. Default true. */
  readonly subscribed?: boolean
  /** Instead of prefixes that start with `prefix`, those that `prefix` starts with. */
  readonly reverse?: boolean
}

export interface ListedSubscription {
  readonly bus: string
  readonly prefix: string
  /** This agent is one of the subscribers. */
  readonly subscribed: boolean
}

export interface PubSubOptions {
  readonly bus: Bus
  readonly subscriptions: Subscriptions
  readonly sync: SubscriptionSync
  /** @throws VolttronError when the agent was not started or has been stopped */
  readonly requireStarted: () => void
}

export class PubSub {
  readonly #bus: Bus
  readonly #subscriptions: Subscriptions
  readonly #sync: SubscriptionSync
  readonly #requireStarted: () => void

  constructor({ bus, subscriptions, sync, requireStarted }: PubSubOptions) {
    this.#bus = bus
    this.#subscriptions = subscriptions
    this.#sync = sync
    this.#requireStarted = requireStarted
  }

  /**
   * Publishes a message and waits until the platform has taken it. Without a connection it waits in the send queue.
   *
   * @returns to how many subscribers on this platform, and to how many other platforms, it was sent
   * @throws VolttronError `denied` when the platform refuses, `unavailable` when the connection is lost before the answer or
   *   the send queue is full, `usage` or `bad-data` when the message cannot be sent at all
   * @example
   * await agent.vip.pubsub.publish({ peer: 'pubsub', topic: 'global/heartbeat', message: { status: 'active' } })
   */
  async publish(options: PublishOptions): Promise<number> {
    this.#requireStarted()
    return new Promise((resolve, reject) => {
      const offer = this.#bus.outbox.offerPublish(content(options), { resolve, reject })
      if (offer === 'full') reject(queueFull(this.#bus.identity))
    })
  }

  /**
   * Publishes without waiting and without a promise per message: the way to send many. What the platform refuses comes as
   * event `error`. Back-pressure is that of Node's streams: the message is taken in any case, but whoever goes on after
   * `false` fills the send queue.
   *
   * @returns `false` when the platform is behind, or the send queue half full without a connection: wait for the event `drain`
   * @throws VolttronError `unavailable` when the send queue is full and the message was not taken, `usage` or `bad-data` when
   *   the message cannot be sent at all
   * @example
   * for (const reading of readings)
   *   if (!agent.vip.pubsub.write({ topic: 'devices/meter', message: reading })) await once(agent, 'drain')
   */
  write(options: PublishOptions): boolean {
    this.#requireStarted()
    const { outbox, wire, identity } = this.#bus
    const offer = outbox.offerPublish(content(options), undefined)
    if (offer === 'sent') return true
    if (offer === 'full') throw queueFull(identity)
    const mayGoOn = wire === undefined && !outbox.isHalfFull
    if (!mayGoOn) outbox.awaitDrain()
    return mayGoOn
  }

  /**
   * Calls `callback` for every message whose topic starts with `prefix`, from now on and over reconnects. Several callbacks
   * may have the same prefix. Resolves when the platform has accepted; without a connection at once, and then a refusal
   * comes as event `error`.
   *
   * @throws VolttronError `denied` when the platform refuses, `usage` when the prefix is none
   * @example
   * await agent.vip.pubsub.subscribe({
   *   prefix: 'global/heartbeat',
   *   callback: (peer, sender, bus, topic, headers, message) => console.log(headers.platform, sender, message),
   *   allPlatforms: true,
   * })
   */
  async subscribe({ prefix, callback, allPlatforms = false }: SubscribeOptions): Promise<void> {
    const problem = prefixProblem(prefix)
    if (problem !== undefined) throw new VolttronError('usage', `cannot subscribe: ${problem}`)
    if (typeof callback !== 'function')
      throw new VolttronError('usage', `cannot subscribe to '${prefix}' without callback`)
    const wanted = { prefix, allPlatforms }
    this.#subscriptions.add(wanted, callback)
    if (!this.#bus.wire) return
    try {
      await this.#sync.subscribe(wanted)
    } catch (error) {
      // A lost connection refuses nothing: the next one restores what is registered.
      if (!this.#bus.wire) return
      this.#subscriptions.remove({ ...wanted, callback })
      throw error
    }
  }

  /** Takes subscriptions back. Returns whether there were any. */
  async unsubscribe({ prefix, callback, allPlatforms }: UnsubscribeOptions = {}): Promise<boolean> {
    const { callbacks, unwanted } = this.#subscriptions.remove({ prefix, callback, allPlatforms })
    try {
      if (this.#bus.wire) await Promise.all(unwanted.map((wanted) => this.#sync.unsubscribe(wanted)))
    } catch (error) {
      if (this.#bus.wire) throw error
    }
    return callbacks > 0
  }

  /** The subscriptions the platform knows of. */
  async list(options: ListOptions = {}): Promise<ListedSubscription[]> {
    const { prefix = '', allPlatforms = false, subscribed = true, reverse = false } = options
    const args = await this.#sync.list({ prefix, all_platforms: allPlatforms, subscribed, reverse })
    const listed = parseJson(args[1]?.toString() ?? '')
    if (!Array.isArray(listed)) throw new VolttronError('bad-data', 'the platform answered list with something else')
    return listed.map((item: unknown) => {
      const [bus, listedPrefix, isMember] = Array.isArray(item) ? item : []
      return { bus: String(bus ?? ''), prefix: String(listedPrefix ?? ''), subscribed: isMember === true }
    })
  }
}

/** What is sent of a publish, checked and encoded. */
function content({ topic, message, headers, bus = '' }: PublishOptions): PublishContent {
  if (typeof topic !== 'string') throw new VolttronError('usage', `a topic is text, not ${typeof topic}`)
  if (topic.length > MAX_TOPIC_LENGTH) {
    const excerpt = topic.slice(0, 40)
    throw new VolttronError('usage', `the topic '${excerpt}...' has ${topic.length} characters`, {
      hint: `a topic has at most ${MAX_TOPIC_LENGTH}`,
    })
  }
  const body = message instanceof Uint8Array ? message : toAsciiJson(message)
  const headersJson = headers === undefined ? '' : encodeHeaders(headers)
  const bytes = body.length + headersJson.length + bus.length
  if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(bytes, `the message to '${topic}'`)
  return { topic, body, headersJson, bus }
}

function encodeHeaders(headers: MessageHeaders): string {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new VolttronError('usage', 'headers are an object of names and values')
  if (!(PLATFORM_HEADER in headers)) return toAsciiJson(headers)
  const { [PLATFORM_HEADER]: _, ...others } = headers
  return toAsciiJson(others)
}
