/**
 * One publish on its way to its subscribers. There is a single object per router, filled anew for each record, so that
 * the path of a record allocates nothing; subscribers use it within the call and keep nothing of it.
 *
 * A publish comes as a record or as the texts of a classic peer; the other form is made when the first subscriber needs it.
 */
import type { Name } from '@volttron/transport'
import {
  classicBody,
  classicBodyOfRecord,
  frame,
  isReadableInPython,
  PublishFlag,
  type Route,
  Subsystem,
  TailView,
  vipMessage,
} from '@volttron/vip'
import { busOf, type ClassicPublish, showAsRecord } from './classic-publish.ts'

/** A topic that knows how classic peers spell it. */
export interface ClassicTopic extends Name {
  readonly frame: Uint8Array
}

/** A route that knows how a classic delivery names the sender. */
export interface ClassicRoute extends Name, Route {
  readonly userFrame: Uint8Array
  /** How the body begins: everything up to the bus. */
  readonly classicStart: string
}

/** Not JSON, so that a Python hop leaves it alone. */
const CLASSIC_ID_PREFIX = 'p'
const PUBSUB = frame(Subsystem.pubsub)
const PUBLISH = frame('publish')

export class Delivery {
  topic!: ClassicTopic
  route!: ClassicRoute
  sequence = 0
  ageMs = 0
  #record: TailView | undefined
  #classic: ClassicPublish | undefined
  #classicFrames: readonly Uint8Array[] | 'unfit' | undefined
  readonly #view = new TailView()

  of(topic: ClassicTopic, route: ClassicRoute, record: TailView, sequence: number, ageMs: number): this {
    this.#record = record
    this.#classic = undefined
    return this.#of(topic, route, sequence, ageMs)
  }

  ofClassic(topic: ClassicTopic, route: ClassicRoute, publish: ClassicPublish): this {
    this.#record = undefined
    this.#classic = publish
    return this.#of(topic, route, 0, 0)
  }

  #of(topic: ClassicTopic, route: ClassicRoute, sequence: number, ageMs: number): this {
    this.topic = topic
    this.route = route
    this.sequence = sequence
    this.ageMs = ageMs
    this.#classicFrames = undefined
    return this
  }

  get record(): TailView {
    this.#record ??= showAsRecord(this.#classic!, this.#view)
    return this.#record
  }

  /** Flags for the next hop: what only concerned the last one is gone. */
  get flags(): number {
    return this.record.flags & ~PublishFlag.wantsResult
  }

  /**
   * The delivery as VIP1 frames (VIP specification, section 4.6), built once however many classic subscribers there are.
   *
   * @returns `unfit` when the body is not the one JSON value it claims to be, or the headers are no JSON object: they
   *   would break out of their envelope
   */
  classicFrames(): readonly Uint8Array[] | 'unfit' {
    this.#classicFrames ??= this.#buildClassicFrames()
    return this.#classicFrames
  }

  /** Frame 0 stays empty: the publisher is named in the body. */
  #buildClassicFrames(): readonly Uint8Array[] | 'unfit' {
    const { route, topic } = this
    const { classicStart, platform } = route
    const classic = this.#classic
    const body = classic
      ? classicBody(classicStart, busOf(classic), classic.headers, classic.message, platform)
      : classicBodyOfRecord(classicStart, this.record, platform)
    if (body === undefined) return 'unfit'
    const isOurId = !classic || !isReadableInPython(classic.id)
    const id = isOurId ? `${CLASSIC_ID_PREFIX}${this.sequence}` : classic.id
    return vipMessage({ peer: '', user: route.userFrame, id, subsystem: PUBSUB }, [PUBLISH, topic.frame, body])
  }
}
