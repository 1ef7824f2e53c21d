/**
 * A connection that a platform which speaks VIP1 only has dialled to us. It says on it what its agents want and publish;
 * but for the answer to a list nothing goes back, because a Python platform reads nothing there.
 */
import { buildTail, formatRoute, TailView } from '@volttron/vip'
import type { Connection } from '@volttron/transport'
import { type ClassicMessage, listAnswer, parseClassic } from './classic-wire.ts'
import type { BusPorts } from './ports.ts'

export interface ClassicVisitOwner<T, R> {
  readonly bus: BusPorts<T, R>
  /** False while the platform is connected by a session of ours: then its other half has no business here. */
  readonly mayVisit: boolean
  /** The platform has shown that it is there. */
  onHeard(): void
  onHello(visit: ClassicVisit<T, R>): void
  onList(visit: ClassicVisit<T, R>, prefixes: readonly string[]): void
  onPublished(): void
  /** A message was ignored. */
  onRefused(problem: string): void
  onVisitClosed(visit: ClassicVisit<T, R>): void
}

/** Answers that may wait for the platform to read them. */
const MAX_WAITING_BYTES = 64 * 1024

export class ClassicVisit<T, R> {
  readonly connection: Connection
  /** What its agents want, as announced last; `undefined` before. */
  prefixes: readonly string[] | undefined
  /** It has said hello, and so waits for a welcome before it sends anything. */
  hasSaidHello = false
  readonly #platform: string
  readonly #owner: ClassicVisitOwner<T, R>
  readonly #record = new TailView()
  #isClosed = false

  constructor(platform: string, connection: Connection, owner: ClassicVisitOwner<T, R>) {
    this.#platform = platform
    this.connection = connection
    this.#owner = owner
  }

  onMessage(frames: Buffer[]): void {
    if (this.#isClosed) return
    const owner = this.#owner
    const message = parseClassic(frames, this.#platform)
    if (!message) return owner.onRefused('not a message between platforms')
    if (!owner.mayVisit) {
      // Remembered, so that it need not be said again once that session turns out to be dead.
      this.hasSaidHello ||= message.op === 'hello' && message.instance === this.#platform
      return owner.onRefused('the platform is connected by a session of ours')
    }
    owner.onHeard()
    this.#serve(message)
  }

  onConnectionClosed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#owner.onVisitClosed(this)
  }

  close(reason: string): void {
    this.onConnectionClosed()
    this.connection.close(reason)
  }

  #serve(message: ClassicMessage): void {
    switch (message.op) {
      case 'hello':
      case 'welcome':
        if (message.instance !== this.#platform) return this.#owner.onRefused('the name in its hello is not its own')
        if (message.op === 'welcome') return
        this.hasSaidHello = true
        return this.#owner.onHello(this)
      case 'list': {
        const { id, prefixes } = message
        if (prefixes) this.#owner.onList(this, prefixes)
        else this.#owner.onRefused('a list in the name of others, or with more prefixes than allowed')
        return this.#answer(listAnswer(this.connection.routingId, id, prefixes !== undefined))
      }
      case 'publish':
        return this.#publish(message)
    }
  }

  /** Nobody needs it, so it is left out where it would wait: a platform that reads nothing is none of our memory's business. */
  #answer(frames: readonly Uint8Array[]): void {
    if (this.connection.pendingBytes <= MAX_WAITING_BYTES) this.connection.send(frames)
  }

  #publish({ topic, sender, bus, headers, message }: Extract<ClassicMessage, { op: 'publish' }>): void {
    const { bus: ports } = this.#owner
    // Its router says nothing about streams: all it sends belongs to one without number.
    const route = formatRoute({ platform: this.#platform, epoch: 0, sender, path: [] })
    const routeHandle = ports.resolveRoute(this.#platform, route)
    if (routeHandle === undefined) return this.#owner.onRefused('the sender cannot be named')
    this.#record.show(buildTail(message, headers === '{}' ? '' : headers, bus))
    this.#owner.onPublished()
    ports.onRemotePublish(ports.resolveTopic(topic), routeHandle, this.#record, 0, 0, this.#platform)
  }
}
