/** Tells the router what the agent wants: once per connection as a whole, in between change by change. */
import { Subsystem, toAsciiJson, VolttronError } from '@volttron/vip'
import type { Bus } from './bus.ts'
import { decodeBoolean } from './classic-values.ts'
import type { Subscriptions, Wanted } from './subscriptions.ts'

/** Between two corrections of a router that delivers what nobody wants: messages may be under way after an unsubscribe. */
const CORRECT_EVERY_MS = 1_000
/** A Python router delivers from this bus only, whatever bus was asked for (VIP specification, section 5.6). */
const CLASSIC_BUS = 'pubsub'

export class SubscriptionSync {
  readonly #bus: Bus
  readonly #subscriptions: Subscriptions
  #correctedAtMs = Number.NEGATIVE_INFINITY

  constructor(bus: Bus, subscriptions: Subscriptions) {
    this.#bus = bus
    this.#subscriptions = subscriptions
  }

  /** On a new connection. Resolves when the router has answered for every subscription it had not accepted before. */
  async restore(): Promise<void> {
    this.#synchronize()
    const batched = this.#bus.wire?.batched === true
    const unconfirmed = [...this.#subscriptions.all()].filter(({ confirmed }) => !batched || !confirmed)
    await Promise.all(unconfirmed.map((wanted) => this.subscribe(wanted).catch(this.#bus.report)))
  }

  /** @throws VolttronError `denied` when the platform refuses, `timeout`, `unavailable` */
  async subscribe(wanted: Wanted): Promise<void> {
    const { prefix, allPlatforms } = wanted
    const what = `subscribe to '${prefix}'`
    const ask = toAsciiJson({ prefix, bus: this.#busName(), all_platforms: allPlatforms })
    const args = await this.#request(['subscribe', ask], what)
    if (!args[1] || !decodeBoolean(args[1])) throw new VolttronError('denied', `${what} was refused by the platform`)
    this.#subscriptions.confirm(wanted)
  }

  async unsubscribe({ prefix, allPlatforms }: Wanted): Promise<void> {
    const kind = allPlatforms ? 'all' : 'internal'
    const ask = toAsciiJson({ [kind]: { prefix, bus: this.#busName() } })
    await this.#request(['unsubscribe', ask], `unsubscribe from '${prefix}'`)
  }

  async list(query: Readonly<Record<string, unknown>>): Promise<Buffer[]> {
    return this.#request(['list', toAsciiJson({ ...query, bus: this.#busName() })], 'list of subscriptions')
  }

  /** The router delivers what nobody wants: it is told everything anew. */
  correct(): void {
    const nowMs = this.#bus.ports.now()
    if (nowMs - this.#correctedAtMs < CORRECT_EVERY_MS || !this.#bus.wire) return
    this.#correctedAtMs = nowMs
    this.#synchronize()
  }

  #synchronize(): void {
    const buckets: Record<string, Record<string, string[]>> = {}
    for (const { prefix, allPlatforms } of this.#subscriptions.all()) {
      const kind = allPlatforms ? 'all' : 'internal'
      buckets[kind] ??= { [this.#busName()]: [] }
      buckets[kind][this.#busName()]!.push(prefix)
    }
    const { identity, newId } = this.#bus
    const args = ['synchronize', 'connected', toAsciiJson({ subscriptions: buckets })]
    this.#bus.sendAhead(Subsystem.pubsub, '', newId(), args, identity)
  }

  #busName(): string {
    return this.#bus.wire?.batched ? '' : CLASSIC_BUS
  }

  #request(args: readonly string[], what: string): Promise<Buffer[]> {
    return this.#bus.request(Subsystem.pubsub, args, what, { user: this.#bus.identity })
  }
}
