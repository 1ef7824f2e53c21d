/** Topics and routes as the router interns them: a number for the wire, and a place for what was worked out once. */
import type { Session } from '@volttron/federation'
import type { DeliveryPlan, PlannedTopic } from '@volttron/pubsub'
import type { Name } from '@volttron/transport'
import { formatRoute, parseRoute, type Route } from '@volttron/vip'
import type { Peer } from './peer.ts'

/** A session with another platform, as this router uses it. */
export type PeerSession = Session<Topic, RouteName>

export class Topic implements Name, PlannedTopic<Peer, PeerSession> {
  readonly id: number
  readonly stamp: number
  readonly text: string
  plan: DeliveryPlan<Peer, PeerSession> | undefined
  arrivalPlan: DeliveryPlan<Peer, PeerSession> | undefined
  /** State of the rules for which {@link isProtected} holds. */
  rulesVersion = -1
  isProtected = false

  constructor(name: Name) {
    this.id = name.id
    this.stamp = name.stamp
    this.text = name.text
  }

  get name(): string {
    return this.text
  }
}

export class RouteName implements Name, Route {
  readonly id: number
  readonly stamp: number
  readonly text: string
  readonly platform: string
  readonly epoch: number
  readonly sender: string
  readonly path: readonly string[]

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
}

/** The route of a message on its way from one local peer to another. */
export const localRoute = (sender: string): string => formatRoute({ platform: '', epoch: 0, sender, path: [] })
