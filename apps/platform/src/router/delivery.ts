/**
 * One publish on its way to its subscribers. There is a single object per router, filled anew for each record, so that
 * the path of a record allocates nothing; subscribers use it within the call and keep nothing of it.
 */
import type { Name } from '@volttron/transport'
import {
  isOneJsonValue,
  PublishFlag,
  type Route,
  Subsystem,
  TailView,
  toAsciiJson,
  topicFrame,
  vipMessage,
} from '@volttron/vip'
import { withMember } from './headers.ts'

/** Not JSON, so that a Python hop leaves it alone. */
const CLASSIC_ID_PREFIX = 'p'
const NOT_ASCII = /[\u007f-\uffff]/g

export class Delivery {
  topic!: Name
  route!: Name & Route
  record: TailView = new TailView()
  sequence = 0
  ageMs = 0
  /** The message id of a classic publisher, which classic subscribers see again. */
  classicId: Uint8Array | undefined
  #classicFrames: readonly Uint8Array[] | 'unfit' | undefined

  of(
    topic: Name,
    route: Name & Route,
    record: TailView,
    sequence: number,
    ageMs: number,
    classicId?: Uint8Array,
  ): this {
    this.topic = topic
    this.route = route
    this.record = record
    this.sequence = sequence
    this.ageMs = ageMs
    this.classicId = classicId
    this.#classicFrames = undefined
    return this
  }

  /** Flags for the next hop: what only concerned the last one is gone. */
  get flags(): number {
    return this.record.flags & ~PublishFlag.wantsResult
  }

  /**
   * The delivery as VIP1 frames (VIP specification, section 4.6), built once however many classic subscribers there are.
   *
   * @returns `unfit` when the body is not the one JSON value it claims to be, and would break out of its envelope
   */
  classicFrames(): readonly Uint8Array[] | 'unfit' {
    this.#classicFrames ??= this.#buildClassicFrames()
    return this.#classicFrames
  }

  /** Frame 0 stays empty: the publisher is named in the body. */
  #buildClassicFrames(): readonly Uint8Array[] | 'unfit' {
    const { record, route, topic } = this
    if (record.flags & PublishFlag.json && !isOneJsonValue(record.bodyText())) return 'unfit'
    const id = this.classicId ?? `${CLASSIC_ID_PREFIX}${this.sequence}`
    const header = { peer: '', user: route.sender, id, subsystem: Subsystem.pubsub }
    return vipMessage(header, ['publish', topicFrame(topic.text), this.#classicBody()])
  }

  /** What the platform vouches for is written last: of a repeated name, JSON readers take the last. */
  #classicBody(): string {
    const { record, route } = this
    let headers = record.headersText() || '{}'
    let message: string
    if (record.flags & PublishFlag.json) message = ascii(record.bodyText())
    else {
      message = `"${record.bodyBytes().toString('base64')}"`
      headers = withMember(headers, 'x-encoding', 'base64')
    }
    if (route.platform !== '') headers = withMember(headers, 'platform', route.platform)
    const bus = toAsciiJson(record.busText())
    return `{"sender": ${toAsciiJson(route.sender)}, "bus": ${bus}, "headers": ${ascii(headers)}, "message": ${message}}`
  }
}

/** Non-ASCII characters can only stand within strings, where an escape means the same. */
const ascii = (json: string): string =>
  json.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
