import type { LocalMatcher } from '@volttron/pubsub'
import type { Authority } from './authority.ts'
import type { Peer } from './peer.ts'

/**
 * The subscribers who may read a topic. A subscription that takes in protected topics, such as the empty prefix, gets what
 * its owner may read and nothing else; delivery plans are kept, so a message costs nothing more.
 */
export class ReadableSubscriptions implements LocalMatcher<Peer> {
  readonly #all: LocalMatcher<Peer>
  readonly #authority: Authority

  constructor(all: LocalMatcher<Peer>, authority: Authority) {
    this.#all = all
    this.#authority = authority
  }

  /** Both only grow, so their sum changes whenever one of them does. */
  get version(): number {
    return this.#all.version + this.#authority.version
  }

  match(topic: string): Peer[] {
    return this.#readers(this.#all.match(topic), topic)
  }

  matchRemote(topic: string): Peer[] {
    return this.#readers(this.#all.matchRemote(topic), topic)
  }

  #readers(subscribers: Peer[], topic: string): Peer[] {
    if (subscribers.length === 0 || !this.#authority.isProtectedTopic(topic)) return subscribers
    return subscribers.filter(({ principal }) => this.#authority.mayReceive(principal, topic))
  }
}
