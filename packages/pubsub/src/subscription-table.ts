/**
 * Who on this platform wants what. A subscription is (subscriber, prefix, scope): `internal` ones receive what is
 * published on this platform, `all` ones (`all_platforms`) also what comes from others. There is one bus: VOLTTRON's
 * bus names are ignored here.
 *
 * Every operation is applied whole or refused whole.
 */
import { NO_PREFIX_CHANGE, type PrefixChange, PrefixIndex } from '@volttron/topics'
import { type Interest, LocalInterest } from './local-interest.ts'
import { badPrefix, type Refusal, tooManyPrefixes } from './refusal.ts'

export type Scope = 'internal' | 'all'

export interface SubscriptionTableOptions {
  /** Most subscriptions one subscriber may hold, both scopes together; default 10,000. */
  readonly maxPerSubscriber?: number
}

export interface ListOptions {
  /** Default: the empty prefix. */
  readonly prefix?: string
  /** Lists the subscriptions that `prefix` starts with, in place of those that start with it. */
  readonly reverse?: boolean
  /** Lists the asker's own subscriptions only. */
  readonly subscribed?: boolean
  /** Default: both. */
  readonly scope?: Scope
}

/** One row of a `list` answer: `[bus, topic, is_member]`. */
export type SubscriptionRow = readonly [bus: '', topic: string, isMember: boolean]

type Held = Readonly<Record<Scope, Set<string>>>
const SCOPES = ['internal', 'all'] as const

export class SubscriptionTable<S extends object> {
  readonly #indexes: Readonly<Record<Scope, PrefixIndex<S>>> = { internal: new PrefixIndex(), all: new PrefixIndex() }
  readonly #held = new Map<S, Held>()
  readonly #interest = new LocalInterest()
  readonly #maxPerSubscriber: number
  #version = 0

  constructor(options: SubscriptionTableOptions = {}) {
    this.#maxPerSubscriber = options.maxPerSubscriber ?? 10_000
  }

  /** Grows with every operation that changed something; whoever caches a match compares it. */
  get version(): number {
    return this.#version
  }

  /** The minimal set of all `all_platforms` prefixes. */
  get interest(): Interest {
    return this.#interest
  }

  /** Adds subscriptions; those already there are left alone. */
  subscribe(
    subscriber: S,
    prefixes: readonly string[],
    options: { readonly allPlatforms?: boolean } = {},
  ): Refusal | undefined {
    const scope = options.allPlatforms === true ? 'all' : 'internal'
    const refusal = badPrefix(prefixes)
    if (refusal !== undefined) return refusal
    const held = this.#held.get(subscriber)
    const added = [...new Set(prefixes)].filter((prefix) => !held?.[scope].has(prefix))
    const wanted = countOf(held) + added.length
    if (wanted > this.#maxPerSubscriber) return tooManyPrefixes(wanted, this.#maxPerSubscriber)
    this.#apply(subscriber, { [scope]: { added, removed: [] } })
    return undefined
  }

  /** Removes the given subscriptions, or all of the scope. Returns whether any was there. */
  unsubscribe(subscriber: S, prefixes: readonly string[] | undefined, scope: Scope): boolean {
    const held = this.#held.get(subscriber)?.[scope]
    if (held === undefined) return false
    const removed = [...new Set(prefixes ?? held)].filter((prefix) => held.has(prefix))
    return this.#apply(subscriber, { [scope]: { added: [], removed } })
  }

  /** Replaces everything the subscriber holds. */
  synchronize(subscriber: S, wanted: Readonly<Record<Scope, readonly string[]>>): Refusal | undefined {
    const refusal = badPrefix(wanted.internal) ?? badPrefix(wanted.all)
    if (refusal !== undefined) return refusal
    const next: Held = { internal: new Set(wanted.internal), all: new Set(wanted.all) }
    const count = countOf(next)
    if (count > this.#maxPerSubscriber) return tooManyPrefixes(count, this.#maxPerSubscriber)
    const held = this.#held.get(subscriber)
    this.#apply(subscriber, {
      internal: difference(held?.internal, next.internal),
      all: difference(held?.all, next.all),
    })
    return undefined
  }

  /** Forgets a subscriber. Returns whether it held any subscription. */
  drop(subscriber: S): boolean {
    const held = this.#held.get(subscriber)
    if (held === undefined) return false
    return this.#apply(subscriber, {
      internal: { added: [], removed: [...held.internal] },
      all: { added: [], removed: [...held.all] },
    })
  }

  /** Distinct subscribers of a message published on this platform. */
  match(topic: string): S[] {
    const found: S[] = []
    this.#indexes.internal.collect(topic, found)
    this.#indexes.all.collect(topic, found)
    return found.length > 1 ? [...new Set(found)] : found
  }

  /** Distinct subscribers of a message that came from another platform: those who asked for all platforms. */
  matchRemote(topic: string): S[] {
    return this.#indexes.all.match(topic)
  }

  /** Number of subscriptions the subscriber holds. */
  count(subscriber: S): number {
    return countOf(this.#held.get(subscriber))
  }

  /** What the pubsub operation `list` answers, in code-unit order of the topics. */
  list(subscriber: S, options: ListOptions = {}): SubscriptionRow[] {
    const { prefix = '', reverse = false, subscribed = false, scope } = options
    const scopes = scope === undefined ? SCOPES : [scope]
    const found = new Set<string>()
    for (const scope of scopes) {
      const index = this.#indexes[scope]
      for (const topic of reverse ? index.prefixesOf(prefix) : index.prefixesUnder(prefix)) found.add(topic)
    }
    const held = this.#held.get(subscriber)
    const isMember = (topic: string) => held !== undefined && scopes.some((scope) => held[scope].has(topic))
    const rows: SubscriptionRow[] = []
    for (const topic of [...found].sort()) {
      const member = isMember(topic)
      if (member || !subscribed) rows.push(['', topic, member])
    }
    return rows
  }

  /** Carries out an effective change; `added` are not held, `removed` are. Returns whether there was anything to do. */
  #apply(subscriber: S, changes: Partial<Record<Scope, PrefixChange>>): boolean {
    const { internal = NO_PREFIX_CHANGE, all = NO_PREFIX_CHANGE } = changes
    if (sizeOf(internal) + sizeOf(all) === 0) return false
    let held = this.#held.get(subscriber)
    if (held === undefined) {
      held = { internal: new Set(), all: new Set() }
      this.#held.set(subscriber, held)
    }
    for (const [scope, change] of [
      ['internal', internal],
      ['all', all],
    ] as const) {
      for (const prefix of change.removed) {
        held[scope].delete(prefix)
        this.#indexes[scope].remove(prefix, subscriber)
      }
      for (const prefix of change.added) {
        held[scope].add(prefix)
        this.#indexes[scope].add(prefix, subscriber)
      }
    }
    if (countOf(held) === 0) this.#held.delete(subscriber)
    this.#version++
    // Last, because listeners may look at the table.
    this.#interest.update(all)
    return true
  }
}

const countOf = (held: Held | undefined): number => (held === undefined ? 0 : held.internal.size + held.all.size)

const sizeOf = (change: PrefixChange): number => change.added.length + change.removed.length

function difference(from: ReadonlySet<string> | undefined, to: ReadonlySet<string>): PrefixChange {
  return {
    added: [...to].filter((prefix) => !from?.has(prefix)),
    removed: [...(from ?? [])].filter((prefix) => !to.has(prefix)),
  }
}
