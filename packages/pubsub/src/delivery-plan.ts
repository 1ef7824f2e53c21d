/**
 * Where the messages of a topic go, computed once and kept until a subscription changes. This is the hot path: while
 * nothing changed, a message costs one comparison of integers and no allocation.
 */

/** The tables' versions only grow, so their sum changes whenever one of them does: one number stands for both. */
export interface DeliveryPlan<S, P, A> {
  /** Subscribers on this platform. */
  readonly local: readonly S[]
  /** The same, as the owner of the plans arranges them. */
  readonly audience: A
  /** Platforms that announced interest. Whether a message may go there (hops, policy) is decided per message. */
  readonly remote: readonly P[]
  /** State of the tables for which the plan holds. */
  version: number
}

/**
 * A known topic with a place for its plans. The place keeps dropped subscribers alive until the topic's next message,
 * so the owner of topics must bound their number.
 */
export interface PlannedTopic<S, P, A> {
  readonly name: string
  /** For messages published on this platform. */
  plan: DeliveryPlan<S, P, A> | undefined
  /** For messages that came from another platform. */
  arrivalPlan: DeliveryPlan<S, P, A> | undefined
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

export class Plans<S, P, A> {
  readonly #subscriptions: LocalMatcher<S>
  readonly #remoteInterest: RemoteMatcher<P>
  readonly #arrange: (local: readonly S[]) => A

  /** @param arrange called once per plan, with its subscribers */
  constructor(subscriptions: LocalMatcher<S>, remoteInterest: RemoteMatcher<P>, arrange: (local: readonly S[]) => A) {
    this.#subscriptions = subscriptions
    this.#remoteInterest = remoteInterest
    this.#arrange = arrange
  }

  /** Where a message goes that was published on this platform. */
  plan(topic: PlannedTopic<S, P, A>): DeliveryPlan<S, P, A> {
    const version = this.#subscriptions.version + this.#remoteInterest.version
    const plan = topic.plan
    if (plan !== undefined && plan.version === version) return plan
    topic.plan = this.#renewed(plan, this.#subscriptions.match(topic.name), topic.name, version)
    return topic.plan
  }

  /** Where a message goes that came from another platform: locally only to those who asked for all platforms. */
  arrivalPlan(topic: PlannedTopic<S, P, A>): DeliveryPlan<S, P, A> {
    const version = this.#subscriptions.version + this.#remoteInterest.version
    const plan = topic.arrivalPlan
    if (plan !== undefined && plan.version === version) return plan
    topic.arrivalPlan = this.#renewed(plan, this.#subscriptions.matchRemote(topic.name), topic.name, version)
    return topic.arrivalPlan
  }

  /** Keeps the old object when the change did not concern this topic, and what is arranged when it did not concern that. */
  #renewed(
    old: DeliveryPlan<S, P, A> | undefined,
    local: readonly S[],
    topic: string,
    version: number,
  ): DeliveryPlan<S, P, A> {
    const remote = this.#remoteInterest.match(topic)
    if (old === undefined || !sameMembers(old.local, local)) {
      return { local, audience: this.#arrange(local), remote, version }
    }
    if (!sameMembers(old.remote, remote)) return { ...old, remote, version }
    old.version = version
    return old
  }
}

const sameMembers = <T>(one: readonly T[], other: readonly T[]): boolean =>
  one.length === other.length && one.every((member, index) => member === other[index])
