/**
 * Where the messages of a topic go, computed once and kept until a subscription changes. This is the hot path: while
 * nothing changed, a message costs one comparison of integers and no allocation.
 */

/** The tables' versions only grow, so their sum changes whenever one of them does: one number stands for both. */
export interface DeliveryPlan<S, P> {
  /** Subscribers on this platform. */
  readonly local: readonly S[]
  /** Platforms that announced interest. Whether a message may go there (hops, policy) is decided per message. */
  readonly remote: readonly P[]
  /** State of the tables for which the plan holds. */
  version: number
}

/**
 * A known topic with a place for its plans. The place keeps dropped subscribers alive until the topic's next message,
 * so the owner of topics must bound their number.
 */
export interface PlannedTopic<S, P> {
  readonly name: string
  /** For messages published on this platform. */
  plan: DeliveryPlan<S, P> | undefined
  /** For messages that came from another platform. */
  arrivalPlan: DeliveryPlan<S, P> | undefined
}

/** The part of a SubscriptionTable that plans need. */
export interface LocalMatcher<S> {
  readonly version: number
  match(topic: string): S[]
  matchRemote(topic: string): S[]
}

/** The part of a RemoteInterest that plans need. */
export interface RemoteMatcher<P> {
  readonly version: number
  match(topic: string): P[]
}

export class Plans<S, P> {
  readonly #subscriptions: LocalMatcher<S>
  readonly #remoteInterest: RemoteMatcher<P>

  constructor(subscriptions: LocalMatcher<S>, remoteInterest: RemoteMatcher<P>) {
    this.#subscriptions = subscriptions
    this.#remoteInterest = remoteInterest
  }

  /** Where a message goes that was published on this platform. */
  plan(topic: PlannedTopic<S, P>): DeliveryPlan<S, P> {
    const version = this.#subscriptions.version + this.#remoteInterest.version
    const plan = topic.plan
    if (plan !== undefined && plan.version === version) return plan
    const { name } = topic
    topic.plan = renewed(plan, this.#subscriptions.match(name), this.#remoteInterest.match(name), version)
    return topic.plan
  }

  /** Where a message goes that came from another platform: locally only to those who asked for all platforms. */
  arrivalPlan(topic: PlannedTopic<S, P>): DeliveryPlan<S, P> {
    const version = this.#subscriptions.version + this.#remoteInterest.version
    const plan = topic.arrivalPlan
    if (plan !== undefined && plan.version === version) return plan
    const { name } = topic
    topic.arrivalPlan = renewed(plan, this.#subscriptions.matchRemote(name), this.#remoteInterest.match(name), version)
    return topic.arrivalPlan
  }
}

/** Keeps the old object when the change did not concern this topic, so that what is keyed by the plan stays valid. */
function renewed<S, P>(
  old: DeliveryPlan<S, P> | undefined,
  local: S[],
  remote: P[],
  version: number,
): DeliveryPlan<S, P> {
  if (old === undefined || !sameMembers(old.local, local) || !sameMembers(old.remote, remote)) {
    return { local, remote, version }
  }
  old.version = version
  return old
}

const sameMembers = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((member, index) => member === other[index])
