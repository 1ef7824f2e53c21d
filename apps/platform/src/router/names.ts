/** Topics and routes as the router interns them: a number for the wire, and a place for what was worked out once. */
import type { PlatformLink } from '@volttron/federation'
import type { DeliveryPlan, PlannedTopic } from '@volttron/pubsub'
import type { Name } from '@volttron/transport'
import {
  classicBodyStart,
  formatRoute,
  frame,
  isTextToPython,
  parseRoute,
  toAsciiJson,
  topicFrame,
} from '@volttron/vip'
import type { Audience } from './audience.ts'
import type { ClassicRoute, ClassicTopic } from './delivery.ts'
import type { Peer } from './peer.ts'

/** A session with another platform, or a link to one that speaks VIP1. */
export type PeerSession = PlatformLink

export class Topic implements ClassicTopic, PlannedTopic<Peer, PeerSession, Audience> {
  readonly id: number
  readonly stamp: number
  readonly text: string
  plan: DeliveryPlan<Peer, PeerSession, Audience> | undefined
  arrivalPlan: DeliveryPlan<Peer, PeerSession, Audience> | undefined
  /** State of the rules for which {@link isProtected} holds. */
  rulesVersion = -1
  isProtected = false
  #frame: Uint8Array | undefined

  constructor(name: Name) {
    this.id = name.id
    this.stamp = name.stamp
    this.text = name.text
  }

  get frame(): Uint8Array {
    this.#frame ??= keepable(classicTopic(this.text))
    return this.#frame
  }

  get name(): string {
    return this.text
  }
}

export class RouteName implements ClassicRoute {
  readonly id: number
  readonly stamp: number
  readonly text: string
  readonly platform: string
  readonly epoch: number
  readonly sender: string
  readonly path: readonly string[]
  #userFrame: Uint8Array | undefined
  #classicStart: string | undefined

  constructor(name: Name) {
    this.id = name.id
    this.stamp = name.stamp
    this.text = name.text
    const route = parseRoute(name.text)!
    this.platform = route.platform
    this.epoch = route.epoch
    this.sender = route.sender
    this.path = route.path
  }

  get userFrame(): Uint8Array {
    this.#userFrame ??= keepable(frame(this.sender))
    return this.#userFrame
  }

  get classicStart(): string {
    this.#classicStart ??= classicBodyStart(this.sender)
    return this.#classicStart
  }
}

/** The route of a message on its way from one local peer to another. */
export const localRoute = (sender: string): string => formatRoute({ platform: '', epoch: 0, sender, path: [] })

/**
 * A Python agent reads every frame as JSON: the topic `123` is text to it when it comes as a JSON string, and so is one of a
 * thousand brackets, which would end it.
 */
const classicTopic = (topic: string): Uint8Array =>
  isTextToPython(topic) ? topicFrame(topic) : frame(toAsciiJson(topic))

/** Bytes in memory of their own: a small buffer of Node's would keep eight KiB of others alive. */
function keepable(bytes: Uint8Array): Uint8Array {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}
