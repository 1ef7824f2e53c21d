/**
 * Our connection to a platform that speaks VIP1 only. It goes one way: what the platform wants to tell us, it says on the
 * connection it dials itself. Its router forgets what we announced when it restarts, and also when its own connection to us
 * breaks; it cannot ask. So the list is repeated.
 */
import type { Interest } from '@volttron/pubsub'
import type { Connection, Name } from '@volttron/transport'
import { externalList, linkGreeting } from './classic-wire.ts'
import type { LinkCounters, PlatformLink } from './platform-link.ts'
import type { Clock } from './ports.ts'
import type { SessionSurroundings } from './session.ts'

export const ClassicLinkTimes = {
  /** Our list is repeated after this time, changed or not. */
  repeatMs: 60_000,
  /** Changes and greetings that come closer together share a list. */
  changeMs: 100,
} as const

/** The part of what all links share that this one needs. */
export type ClassicLinkSurroundings = Pick<
  SessionSurroundings<unknown, unknown>,
  'classicForm' | 'ownName' | 'remoteInterest' | 'queueBytes'
> & { readonly ports: { readonly clock: Clock; readonly bus: { readonly interest: Interest } } }

export interface ClassicLinkOwner {
  /** The platform's router said something, whatever it was. */
  onHeard(): void
  /** Once, when the connection is gone or closed. `word` is for machines, `detail` for people. */
  onLinkClosed(link: ClassicLink, word: string, detail: string): void
}

export class ClassicLink implements PlatformLink {
  readonly platform: string
  readonly connection: Connection
  readonly protocol = 'vip1'
  readonly dialledBy = 'us'
  readonly counters: LinkCounters = { messagesIn: 0, refusedIn: 0, dropped: 0 }
  /** The socket of a classic platform says nothing about its pace, so nobody is held back for it. */
  readonly isCongested = false
  messagesOut = 0
  refusedOut = 0
  readonly #surroundings: ClassicLinkSurroundings
  readonly #owner: ClassicLinkOwner
  #phase: 'opening' | 'running' | 'closed' = 'opening'
  #owesWelcome = false
  #announcedMs = Number.NEGATIVE_INFINITY
  #cancelTimer: () => void = () => {}
  /** Messages handed to the connection, which counts those that left. */
  #handedOver = 0

  constructor(
    platform: string,
    connection: Connection,
    owner: ClassicLinkOwner,
    surroundings: ClassicLinkSurroundings,
  ) {
    this.platform = platform
    this.connection = connection
    this.#owner = owner
    this.#surroundings = surroundings
    this.#handedOver = connection.counters.messagesOut
  }

  get isRunning(): boolean {
    return this.#phase === 'running'
  }

  get queuedBytes(): number {
    return this.isRunning ? this.connection.pendingBytes : 0
  }

  publish(
    topic: Name,
    route: Name,
    flags: number,
    sequence: number,
    _ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): boolean {
    if (!this.isRunning) return false
    const frames = this.#hasRoom
      ? this.#surroundings.classicForm.frames(topic, route, flags, sequence, source, tailStart, tailEnd)
      : undefined
    if (!frames) {
      this.refusedOut++
      return false
    }
    this.#send(frames)
    this.messagesOut++
    return true
  }

  /** The link of the pair from now on: says hello and what we want. */
  run(): void {
    this.#phase = 'running'
    this.#send(linkGreeting('hello', this.#surroundings.ownName))
    this.#announceNow()
  }

  /** Answers the hello of the platform, with our list: it has forgotten that if its connection to us is a new one. */
  welcome(): void {
    this.#owesWelcome = true
    this.announce()
  }

  /** What we want has changed. */
  announce(): void {
    if (!this.isRunning) return
    const sinceMs = this.#surroundings.ports.clock.monotonicMs() - this.#announcedMs
    if (sinceMs >= ClassicLinkTimes.changeMs) this.#announceNow()
    else this.#announceIn(ClassicLinkTimes.changeMs - sinceMs)
  }

  /** A message of the platform's router: results, errors, who joins and leaves there. Nothing of it concerns us. */
  onMessage(): void {
    if (this.#phase !== 'closed') this.#owner.onHeard()
  }

  onConnectionClosed(reason: string): void {
    this.#end('connection-lost', reason)
  }

  /** Idempotent. */
  close(word: string, detail = word): void {
    if (this.#phase === 'closed') return
    this.#end(word, detail)
    this.connection.close(detail)
  }

  #send(frames: readonly Uint8Array[]): void {
    this.#handedOver++
    this.connection.send(frames)
  }

  get #hasRoom(): boolean {
    return this.connection.pendingBytes <= this.#surroundings.queueBytes
  }

  #announceNow(): void {
    const { ownName, ports } = this.#surroundings
    if (!this.#hasRoom) return this.#announceIn(ClassicLinkTimes.changeMs)
    if (this.#owesWelcome) this.#send(linkGreeting('welcome', ownName))
    this.#owesWelcome = false
    this.#send(externalList(ownName, ports.bus.interest.prefixes()))
    this.#announcedMs = ports.clock.monotonicMs()
    this.#announceIn(ClassicLinkTimes.repeatMs)
  }

  #announceIn(delayMs: number): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#surroundings.ports.clock.setTimer(delayMs, () => this.#announceNow())
  }

  #end(word: string, detail: string): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#cancelTimer()
    this.counters.dropped = Math.max(0, this.#handedOver - this.connection.counters.messagesOut)
    this.#surroundings.remoteInterest.drop(this)
    this.#owner.onLinkClosed(this, word, detail)
  }
}
