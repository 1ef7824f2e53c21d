/**
 * The way of a publish through the platform: authorise, look up the plan of its topic, hand it to local subscribers and to
 * the sessions of interested platforms. Nothing here allocates per record while topics repeat.
 */

import type { DeliveryPlan, RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { Plans } from '@volttron/pubsub'
import { NameTable, type Turn } from '@volttron/transport'
import { buildTail, formatRoute, PublishFlag, TailView } from '@volttron/vip'
import { type Audience, Audiences } from './audience.ts'
import type { Authority } from './authority.ts'
import type { ClassicPublish } from './classic-publish.ts'
import type { RouterCounters } from './counters.ts'
import { type ClassicRoute, Delivery } from './delivery.ts'
import { FanOut } from './fan-out.ts'
import { areSuspect, cleanHeaders, cleanObject } from './headers.ts'
import { localRoute, type PeerSession, RouteName, Topic } from './names.ts'
import { Pace, type Reader } from './pace.ts'
import type { BatchedPeer, Peer } from './peer.ts'
import { type Publisher, PublishRefusal } from './publisher.ts'
import { ReadableSubscriptions } from './readable-subscriptions.ts'

type Plan = DeliveryPlan<Peer, PeerSession, Audience>

const NO_SESSIONS: readonly PeerSession[] = []

export interface DistributionOptions {
  readonly instanceName: string
  /** Random number of this run; with the instance name it names our stream. */
  readonly epoch: number
  readonly authority: Authority
  readonly subscriptions: SubscriptionTable<Peer>
  readonly remoteInterest: RemoteInterest<PeerSession>
  readonly counters: RouterCounters
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A publish of this sender was refused because it is malformed; it is to be counted. */
  readonly onMalformed: (sender: string) => void
  /** A subscriber's queue was full; `publisher` may be told. */
  readonly onRefused: (subscriber: Peer, publisher: Publisher | undefined) => void
}

export class Distribution {
  readonly topics = new NameTable((name) => new Topic(name))
  readonly routes = new NameTable((name) => new RouteName(name))
  readonly #options: DistributionOptions
  readonly #plans: Plans<Peer, PeerSession, Audience>
  readonly #fanOut: FanOut
  readonly #delivery = new Delivery()
  readonly #cleaned = new TailView()
  /** Of the platforms whose records come here. */
  readonly #paces = new Map<string, Pace>()
  /** Position in our stream of federated records. */
  #streamSequence = 0

  constructor(options: DistributionOptions) {
    this.#options = options
    const audiences = new Audiences()
    const subscriptions = new ReadableSubscriptions(options.subscriptions, options.authority)
    this.#plans = new Plans(subscriptions, options.remoteInterest, (local) => audiences.of(local))
    this.#fanOut = new FanOut({
      turn: options.turn,
      now: options.now,
      onTaken: (records) => {
        options.counters.delivered += records
      },
      deliver: (member, delivery, publisher) => void this.#toOne(member, delivery, publisher),
      onCongested: (reader, publisher, { platform }) => this.#noteSlow(reader, publisher, platform),
    })
  }

  /** Something else is about to go to `peer`: what was packed for several before goes first. */
  catchUp(peer: BatchedPeer): void {
    this.#fanOut.catchUp(peer)
  }

  /** The routes of a peer with this identity. */
  publisher(identity: string, principal: string): Publisher {
    const { instanceName, epoch } = this.#options
    return {
      principal,
      localRoute: this.routes.intern(localRoute(identity)),
      federatedRoute: this.routes.intern(formatRoute({ platform: instanceName, epoch, sender: identity, path: [] })),
      pace: new Pace(),
    }
  }

  /**
   * A local peer publishes.
   *
   * @param ageMs how long the record was on its way so far, as its author says
   * @returns local subscribers plus interested platforms, as VOLTTRON counts; or a {@link PublishRefusal}
   */
  publish(from: Publisher, topic: Topic, record: TailView, sequence: number, ageMs: number): number {
    const plan = this.#admit(from, topic)
    if (typeof plan === 'number') return plan
    const clean = record.flags & PublishFlag.headers ? this.#clean(record) : record
    if (!clean) return this.#malformed(from.localRoute)
    return this.#distribute(plan, from, topic, this.#delivery.of(topic, from.localRoute, clean, sequence, ageMs))
  }

  /** A local peer publishes by a classic message; returns what {@link publish} does. */
  publishClassic(from: Publisher, topic: Topic, publish: ClassicPublish): number {
    const plan = this.#admit(from, topic)
    if (typeof plan === 'number') return plan
    if (!publish.headers.startsWith('{')) return this.#malformed(from.localRoute)
    const headers = cleanObject(publish.headers)
    const clean = headers === publish.headers ? publish : { ...publish, headers }
    return this.#distribute(plan, from, topic, this.#delivery.ofClassic(topic, from.localRoute, clean))
  }

  /** Who hears it, or why nobody does: a {@link PublishRefusal}, or 0. */
  #admit(from: Publisher, topic: Topic): Plan | number {
    const { counters, authority } = this.#options
    counters.published++
    if (this.#isProtected(topic) && !authority.mayPublish(from.principal, topic.text)) {
      counters.deniedPublish++
      return PublishRefusal.denied
    }
    const plan = this.#plans.plan(topic)
    return plan.local.length === 0 && plan.remote.length === 0 ? 0 : plan
  }

  #distribute(plan: Plan, from: Publisher, topic: Topic, delivery: Delivery): number {
    if (!this.#toLocal(plan.audience, delivery, from)) return PublishRefusal.malformed
    // A protected topic never leaves the platform: other platforms know nothing of our rules.
    const sessions = topic.isProtected ? NO_SESSIONS : plan.remote
    if (sessions.length > 0) this.#toSessions(sessions, topic, from, delivery)
    return plan.local.length + sessions.length
  }

  /** A record came over a session. It goes to those who asked for all platforms, and no further: one hop. */
  arrive(topic: Topic, route: RouteName, record: TailView, sequence: number, ageMs: number): void {
    const { counters } = this.#options
    counters.arrived++
    if (this.#isProtected(topic)) {
      counters.deniedArrival++
      return
    }
    const plan = this.#plans.arrivalPlan(topic)
    if (plan.local.length === 0) return
    const clean = record.flags & PublishFlag.headers ? this.#clean(record) : record
    if (!clean) this.#malformed(route)
    else this.#toLocal(plan.audience, this.#delivery.of(topic, route, clean, sequence, ageMs), undefined)
  }

  /** Some local reader of what this platform sends is behind. */
  isCongested(platform: string): boolean {
    return this.#paces.get(platform)?.isHeldBack(this.#options.now()) ?? false
  }

  /** Returns false when a subscriber could not be served because the record itself is at fault. */
  #toLocal({ singles, group }: Audience, delivery: Delivery, publisher: Publisher | undefined): boolean {
    let fit = true
    for (const subscriber of singles) if (!this.#toOne(subscriber, delivery, publisher)) fit = false
    if (group) this.#fanOut.add(group, delivery, publisher)
    if (!fit) this.#malformed(delivery.route)
    return fit
  }

  /** Returns false when the record itself is at fault. */
  #toOne(subscriber: Peer, delivery: Delivery, publisher: Publisher | undefined): boolean {
    const { counters, onRefused } = this.#options
    const outcome = subscriber.deliver(delivery)
    if (outcome === 'sent') {
      counters.delivered++
      if (subscriber.isCongested) this.#noteSlow(subscriber, publisher, delivery.route.platform)
    } else if (outcome === 'full') {
      counters.droppedSlowSubscriber++
      onRefused(subscriber, publisher)
    }
    return outcome !== 'unfit'
  }

  #malformed({ platform, sender }: ClassicRoute): number {
    this.#options.onMalformed(platform === '' ? sender : `${platform}/${sender}`)
    return PublishRefusal.malformed
  }

  #toSessions(sessions: readonly PeerSession[], topic: Topic, from: Publisher, delivery: Delivery): void {
    const { counters } = this.#options
    const { flags, ageMs } = delivery
    const { buffer, tailStart, tailEnd } = delivery.record
    const sequence = ++this.#streamSequence
    for (const session of sessions) {
      if (session.publish(topic, from.federatedRoute, flags, sequence, ageMs, buffer, tailStart, tailEnd)) {
        counters.forwarded++
        if (session.isCongested) from.pace.note(session, this.#options.now())
      } else counters.droppedSlowSession++
    }
  }

  #noteSlow(reader: Reader, publisher: Publisher | undefined, platform: string): void {
    let pace = publisher ? publisher.pace : this.#paces.get(platform)
    if (!pace) {
      pace = new Pace()
      this.#paces.set(platform, pace)
    }
    pace.note(reader, this.#options.now())
  }

  #isProtected(topic: Topic): boolean {
    const { authority } = this.#options
    if (topic.rulesVersion !== authority.version) {
      topic.isProtected = authority.isProtectedTopic(topic.text)
      topic.rulesVersion = authority.version
    }
    return topic.isProtected
  }

  /** The record without headers that only a platform may set; `undefined` when they are suspect and no JSON object. */
  #clean(record: TailView): TailView | undefined {
    if (!areSuspect(record)) return record
    const before = record.headersText()
    const after = cleanHeaders(before)
    if (after === undefined) return undefined
    if (after === before) return record
    const body = record.flags & PublishFlag.json ? record.bodyText() : record.bodyBytes()
    this.#cleaned.show(buildTail(body, after, record.busText()))
    return this.#cleaned
  }
}
