/** Incoming `pubsub` messages: deliveries of a classic router, and the answers to requests. */
import { frameText, Subsystem } from '@volttron/vip'
import type { AwaitedPublishes } from './awaited-publishes.ts'
import type { Bus } from './bus.ts'
import { decodeCount } from './classic-values.ts'
import type { Deliveries } from './deliveries.ts'

export function handlePubSub(bus: Bus, deliveries: Deliveries, publishes: AwaitedPublishes): void {
  bus.handle(Subsystem.pubsub, ({ peer, id, args }) => {
    // Only the router speaks here; a peer would be somebody who forges deliveries.
    if (peer !== '' || args.length < 2) return
    const operation = frameText(args[0]!)
    if (operation === 'publish' && args.length >= 3) deliveries.onClassic(args[1]!, args[2]!)
    else if (operation === 'request_response' || operation === 'list_response') {
      const idText = frameText(id)
      if (!publishes.settle(idText, decodeCount(args[1]!))) bus.requests.settle(idText, args)
    }
  })
}
