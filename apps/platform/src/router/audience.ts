/**
 * The local subscribers of a topic, arranged by how they get its records: those who speak the batched form together, everybody
 * else one by one. Worked out once per delivery plan.
 */
import type { Reader } from './pace.ts'
import { asBatched, type BatchedPeer, type Peer } from './peer.ts'

export interface Audience {
  readonly singles: readonly Peer[]
  readonly group: DeliveryGroup | undefined
}

/** Peers for whom records are packed once. There is one object for each set of them, however many topics it hears. */
export class DeliveryGroup implements Reader {
  readonly members: ReadonlySet<BatchedPeer>
  readonly isGroup = true

  constructor(members: readonly BatchedPeer[]) {
    this.members = new Set(members)
  }

  get isCongested(): boolean {
    let behind = 0
    for (const member of this.members) if (member.isCongested) behind++
    return behind * 2 > this.members.size
  }
}

/** For one there is nothing to share. */
const GROUP_MIN = 2

export class Audiences {
  /** By the numbers of the members. A group goes when no plan refers to it any more. */
  readonly #groups = new Map<string, WeakRef<DeliveryGroup>>()
  readonly #forgotten = new FinalizationRegistry<string>((key) => {
    if (this.#groups.get(key)?.deref() === undefined) this.#groups.delete(key)
  })
  /** Identities return with another connection, numbers do not. */
  readonly #numbers = new WeakMap<BatchedPeer, number>()
  #lastNumber = 0

  /** A peer that says hello later stays a single until the subscribers of the topic change, which is as right. */
  of(subscribers: readonly Peer[]): Audience {
    const batched: BatchedPeer[] = []
    const singles: Peer[] = []
    for (const subscriber of subscribers) {
      const peer = asBatched(subscriber)
      if (peer) batched.push(peer)
      else singles.push(subscriber)
    }
    if (batched.length < GROUP_MIN) return { singles: subscribers, group: undefined }
    return { singles, group: this.#intern(batched) }
  }

  #intern(members: readonly BatchedPeer[]): DeliveryGroup {
    const key = Float64Array.from(members, (member) => this.#numberOf(member))
      .sort()
      .join()
    const known = this.#groups.get(key)?.deref()
    if (known) return known
    const group = new DeliveryGroup(members)
    this.#groups.set(key, new WeakRef(group))
    this.#forgotten.register(group, key)
    return group
  }

  #numberOf(member: BatchedPeer): number {
    const known = this.#numbers.get(member)
    if (known !== undefined) return known
    this.#numbers.set(member, ++this.#lastNumber)
    return this.#lastNumber
  }
}
