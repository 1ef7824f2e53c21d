/**
 * The agent's own subscriptions: which callbacks want a topic, and what the router has to know. A topic matches every
 * prefix it starts with (VIP specification, section 5.1).
 */
import { PrefixIndex } from '@volttron/topics'

/**
 * Called for each message.
 *
 * @param peer always `'pubsub'`
 * @param sender identity of the publisher on its platform
 * @param bus the publisher's bus field, usually `''`
 * @param headers `headers.platform` is the instance name of the origin; messages of the own platform have none
 * @param message the JSON value, or a Buffer when the publisher sent bytes
 */
export type PubSubCallback = (
  peer: string,
  sender: string,
  bus: string,
  topic: string,
  headers: MessageHeaders,
  message: unknown,
) => unknown

/** Headers of a message: names are case-sensitive. */
export type MessageHeaders = Record<string, unknown>

/** What the router knows of: one prefix, wanted from this platform only or from all. */
export interface Wanted {
  readonly prefix: string
  readonly allPlatforms: boolean
}

interface Entry extends Wanted {
  readonly callbacks: Set<PubSubCallback>
  /** The router has accepted it on some connection. */
  confirmed: boolean
}

/** The callbacks of one topic, remembered until a subscription changes. */
export interface TopicTargets {
  readonly topic: string
  callbacks: readonly PubSubCallback[]
  version: number
}

export class Subscriptions {
  readonly #entries = new Map<string, Entry>()
  readonly #index = new PrefixIndex<Entry>()
  #version = 0

  add(wanted: Wanted, callback: PubSubCallback): void {
    this.#version++
    let entry = this.#entries.get(key(wanted))
    if (!entry) {
      entry = { prefix: wanted.prefix, allPlatforms: wanted.allPlatforms, callbacks: new Set(), confirmed: false }
      this.#entries.set(key(wanted), entry)
      this.#index.add(entry.prefix, entry)
    }
    entry.callbacks.add(callback)
  }

  /** Takes back the callbacks that fit; what is `undefined` fits all. Returns what the router need not deliver any more. */
  remove(fitting: {
    prefix?: string | undefined
    allPlatforms?: boolean | undefined
    callback?: PubSubCallback | undefined
  }): {
    readonly callbacks: number
    readonly unwanted: readonly Wanted[]
  } {
    let callbacks = 0
    const unwanted: Wanted[] = []
    for (const [entryKey, entry] of this.#fitting(fitting)) {
      const before = entry.callbacks.size
      if (fitting.callback) entry.callbacks.delete(fitting.callback)
      else entry.callbacks.clear()
      callbacks += before - entry.callbacks.size
      if (entry.callbacks.size > 0) continue
      this.#entries.delete(entryKey)
      this.#index.remove(entry.prefix, entry)
      unwanted.push(entry)
    }
    if (callbacks > 0) this.#version++
    return { callbacks, unwanted }
  }

  confirm(wanted: Wanted): void {
    const entry = this.#entries.get(key(wanted))
    if (entry) entry.confirmed = true
  }

  /** Everything the router should know of, and whether it ever accepted it. */
  *all(): Generator<Wanted & { readonly confirmed: boolean }> {
    yield* this.#entries.values()
  }

  /** A handle for a topic that will be delivered often. */
  topic(topic: string): TopicTargets {
    return { topic, callbacks: [], version: -1 }
  }

  /** The callbacks that want the topic, each once per prefix it asked for. */
  targetsOf(topic: TopicTargets): readonly PubSubCallback[] {
    if (topic.version !== this.#version) {
      topic.callbacks = this.match(topic.topic)
      topic.version = this.#version
    }
    return topic.callbacks
  }

  match(topic: string): PubSubCallback[] {
    return this.#index.match(topic).flatMap((entry) => [...entry.callbacks])
  }

  *#fitting(fitting: { prefix?: string | undefined; allPlatforms?: boolean | undefined }): Generator<[string, Entry]> {
    const { prefix, allPlatforms } = fitting
    if (prefix === undefined) {
      for (const pair of [...this.#entries])
        if (allPlatforms === undefined || pair[1].allPlatforms === allPlatforms) yield pair
      return
    }
    for (const kind of allPlatforms === undefined ? [false, true] : [allPlatforms]) {
      const entryKey = key({ prefix, allPlatforms: kind })
      const entry = this.#entries.get(entryKey)
      if (entry) yield [entryKey, entry]
    }
  }
}

const key = ({ prefix, allPlatforms }: Wanted): string => `${allPlatforms ? 'all' : 'internal'}:${prefix}`
