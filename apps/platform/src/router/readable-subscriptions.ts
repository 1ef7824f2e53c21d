import type { LocalMatcher } from '@volttron/pubsub'
import type { Authority } from './authority.ts'
import type { Peer } from './peer.ts'

/**
 * The subscribers who may read a topic. A subscription that takes in protected topics, such as the empty prefix, gets what
 * its owner may read and nothing else; delivery plans are kept, so a message costs nothing more.
 */
export function readableSubscriptions(all: LocalMatcher<Peer>, authority: Authority): LocalMatcher<Peer> {
  const readers = (subscribers: Peer[], topic: string): Peer[] =>
    subscribers.length > 0 && authority.isProtectedTopic(topic)
      ? subscribers.filter(({ principal }) => authority.mayReceive(principal, topic))
      : subscribers
  return {
    // Both only grow, so their sum changes whenever one of them does.
    get version() {
      return all.version + authority.version
    },
    match: (topic) => readers(all.match(topic), topic),
    matchRemote: (topic) => readers(all.matchRemote(topic), topic),
  }
}
