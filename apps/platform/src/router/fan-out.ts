/**
 * Packs each record once for a whole group of subscribers, and hands them the block at the end of the turn or when it is full.
 *
 * Nobody sees a difference but in speed: a member gets its records in the order in which they came, whatever else it is sent.
 * There is one open block, for one group; the next record of another group closes it, and a member takes what is in it so far
 * before anything else goes its way ({@link FanOut.catchUp}).
 */
import {
  eachRecord,
  type Flushable,
  type SharedBlock,
  type SharedMark,
  SharedRecords,
  type Turn,
} from '@volttron/transport'
import type { DeliveryGroup } from './audience.ts'
import { type ClassicRoute, type ClassicTopic, Delivery } from './delivery.ts'
import type { Reader } from './pace.ts'
import type { BatchedPeer } from './peer.ts'
import type { Publisher } from './publisher.ts'

export interface FanOutOptions {
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A member has taken so many records. */
  readonly onTaken: (records: number) => void
  /** The queue of a member has no room for a whole block: it gets the records one by one, as many as fit. */
  readonly deliver: (member: BatchedPeer, delivery: Delivery, publisher: Publisher | undefined) => void
  /** A reader of what came along `route` is behind. `publisher` is its author, when that is a local peer. */
  readonly onCongested: (reader: Reader, publisher: Publisher | undefined, route: ClassicRoute) => void
}

/** A block is handed on at this size even within the turn. */
const FULL_BYTES = 64 * 1024

export class FanOut implements Flushable {
  readonly #options: FanOutOptions
  readonly #records: SharedRecords<ClassicTopic, ClassicRoute>
  /** Whom the open block is for; `undefined` while nothing is packed. */
  #group: DeliveryGroup | undefined
  /** Whose records are in the open block. */
  #publishers = new Map<ClassicRoute, Publisher | undefined>()
  #lastRoute: ClassicRoute | undefined
  /** What members have taken of the open block. */
  #taken = new Map<BatchedPeer, SharedMark>()
  readonly #delivery = new Delivery()
  #scheduled = false

  constructor(options: FanOutOptions) {
    this.#options = options
    this.#records = new SharedRecords(options.now)
  }

  /** Packs a record for the group; its bytes are copied before the call returns. */
  add(group: DeliveryGroup, delivery: Delivery, publisher: Publisher | undefined): void {
    if (group !== this.#group) this.#close()
    if (!this.#pack(delivery)) {
      this.#close()
      this.#pack(delivery)
    }
    this.#group = group
    const { route } = delivery
    if (route !== this.#lastRoute) {
      this.#lastRoute = route
      this.#publishers.set(route, publisher)
    }
    if (this.#records.byteLength >= FULL_BYTES) this.#close()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#options.turn.schedule(this)
    }
  }

  /** Something else is about to go to `peer`: what was packed for it before goes first. */
  catchUp(peer: BatchedPeer): void {
    if (!this.#group?.members.has(peer)) return
    const block = this.#records.since(this.#taken.get(peer))
    // Noted first, because the way of a single record comes by here.
    this.#taken.set(peer, this.#records.mark)
    this.#hand(peer, block, this.#publishers)
  }

  /** The turn ends: what is packed leaves. */
  flush(): void {
    this.#scheduled = false
    const members = this.#group?.members
    this.#close()
    if (members) for (const member of members) member.flush()
  }

  #pack({ topic, route, flags, sequence, ageMs, record }: Delivery): boolean {
    const { buffer, tailStart, tailEnd } = record
    return this.#records.publish(topic, route, flags, sequence, ageMs, buffer, tailStart, tailEnd)
  }

  #close(): void {
    const group = this.#group
    if (!group) return
    const taken = this.#taken
    const publishers = this.#publishers
    const whole = this.#records.since()
    const rests = new Map(Array.from(taken, ([member, mark]) => [member, this.#records.since(mark)]))
    this.#group = undefined
    this.#records.clear()
    this.#publishers = new Map()
    this.#lastRoute = undefined
    if (taken.size > 0) this.#taken = new Map()
    let behind: Reader | undefined
    for (const member of group.members) {
      this.#hand(member, rests.get(member) ?? whole, publishers)
      if (member.isCongested) behind = member
    }
    if (!behind) return
    if (group.isCongested) behind = group
    for (const [route, publisher] of publishers) this.#options.onCongested(behind, publisher, route)
  }

  #hand(
    member: BatchedPeer,
    block: SharedBlock<ClassicTopic, ClassicRoute>,
    publishers: ReadonlyMap<ClassicRoute, Publisher | undefined>,
  ): void {
    if (block.records === 0) return
    const { onTaken, deliver, now } = this.#options
    if (member.share(block)) return onTaken(block.records)
    const waitedMs = now() - block.openedAtMs
    eachRecord(block, (topic, route, record) => {
      const delivery = this.#delivery.of(topic, route, record, record.sequence, record.ageMs + waitedMs)
      deliver(member, delivery, publishers.get(route))
    })
  }
}
