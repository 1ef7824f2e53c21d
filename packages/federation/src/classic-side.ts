/**
 * All dealings with one platform in VIP1: the link we dialled and the connections it dialled. Each goes one way, and either
 * may come first, break and come back without the other. What the platform wants is told on its connection and served on
 * our link; its hello is answered there, too.
 */
import type { Connection } from '@volttron/transport'
import { ClassicLink, type ClassicLinkOwner } from './classic-link.ts'
import { ClassicVisit, type ClassicVisitOwner } from './classic-visit.ts'
import type { BusPorts } from './ports.ts'
import type { SessionSurroundings } from './session.ts'

/** A connection whose end was not seen yet may stand beside its successor; more of one platform are refused. */
const MAX_VISITS = 4
/** After the work for a list so many times as long is spent on others. */
const LIST_REST = 9

export interface ClassicSideOwner {
  /** Whether a session of ours with the platform is alive. */
  readonly hasSession: () => boolean
  /** The platform has shown that it is there. */
  readonly onHeard: () => void
  /** The link is over, for the reason given. */
  readonly onLinkClosed: ClassicLinkOwner['onLinkClosed']
}

export class ClassicSide<T, R> implements ClassicLinkOwner, ClassicVisitOwner<T, R> {
  /** Records that came, and messages that had no business, on any connection of the platform. */
  messagesIn = 0
  refusedIn = 0
  readonly #platform: string
  readonly #surroundings: SessionSurroundings<T, R>
  readonly #owner: ClassicSideOwner
  /** In order of arrival. */
  readonly #visits = new Set<ClassicVisit<T, R>>()
  #link: ClassicLink | undefined
  /** Said last, and not served yet: the one before has taken long. */
  #nextList: readonly string[] | undefined
  #cancelRest: (() => void) | undefined
  /** Problems that were told aloud: a platform may repeat them for months. */
  readonly #told = new Set<string>()

  constructor(platform: string, surroundings: SessionSurroundings<T, R>, owner: ClassicSideOwner) {
    this.#platform = platform
    this.#surroundings = surroundings
    this.#owner = owner
  }

  get bus(): BusPorts<T, R> {
    return this.#surroundings.ports.bus
  }

  /** The platform is connected to us, so that something can come from it. */
  get hasVisit(): boolean {
    return this.#visits.size > 0
  }

  get mayVisit(): boolean {
    return !this.#owner.hasSession()
  }

  /** Our dial reached a router that knows no batches. The link runs from {@link run} on. */
  dialled(connection: Connection): ClassicLink {
    return new ClassicLink(this.#platform, connection, this, this.#surroundings)
  }

  /** The link of the pair from now on. */
  run(link: ClassicLink): void {
    this.#link = link
    const visits = [...this.#visits]
    if (visits.some(({ hasSaidHello }) => hasSaidHello)) link.welcome()
    link.run()
    const prefixes = visits.findLast((visit) => visit.prefixes !== undefined)?.prefixes
    if (prefixes) this.#want(link, prefixes)
  }

  /** Takes over a connection that the platform dialled; `undefined` when it has too many already. */
  visited(connection: Connection): ClassicVisit<T, R> | undefined {
    if (this.#visits.size >= MAX_VISITS) {
      this.onRefused('more connections than one platform needs')
      return undefined
    }
    const visit = new ClassicVisit<T, R>(this.#platform, connection, this)
    this.#visits.add(visit)
    return visit
  }

  /** What we want has changed. */
  announce(): void {
    this.#link?.announce()
  }

  /** Closes what the platform dialled. */
  closeVisits(reason: string): void {
    for (const visit of [...this.#visits]) visit.close(reason)
  }

  onHeard(): void {
    this.#owner.onHeard()
  }

  onHello(): void {
    this.#link?.welcome()
  }

  onList(visit: ClassicVisit<T, R>, prefixes: readonly string[]): void {
    visit.prefixes = prefixes
    if (this.#cancelRest) this.#nextList = prefixes
    else if (this.#link) this.#want(this.#link, prefixes)
  }

  onPublished(): void {
    this.messagesIn++
  }

  onRefused(problem: string): void {
    this.refusedIn++
    const isNew = !this.#told.has(problem)
    this.#told.add(problem)
    this.#surroundings.ports.log[isNew ? 'warn' : 'debug']({ platform: this.#platform, problem }, 'message-refused')
  }

  onVisitClosed(visit: ClassicVisit<T, R>): void {
    this.#visits.delete(visit)
  }

  onLinkClosed(link: ClassicLink, word: string, detail: string): void {
    if (this.#link === link) {
      this.#link = undefined
      this.#nextList = undefined
      this.#endRest()
    }
    this.#owner.onLinkClosed(link, word, detail)
  }

  /** Whoever says a long list again and again gets a tenth of our time for it. */
  #want(link: ClassicLink, prefixes: readonly string[]): void {
    const { remoteInterest, ports } = this.#surroundings
    const begunMs = ports.clock.monotonicMs()
    remoteInterest.replace(link, prefixes)
    const tookMs = ports.clock.monotonicMs() - begunMs
    this.#endRest()
    if (tookMs >= 1) this.#cancelRest = ports.clock.setTimer(tookMs * LIST_REST, () => this.#rested())
  }

  #rested(): void {
    this.#cancelRest = undefined
    const prefixes = this.#nextList
    this.#nextList = undefined
    if (prefixes && this.#link) this.#want(this.#link, prefixes)
  }

  #endRest(): void {
    this.#cancelRest?.()
    this.#cancelRest = undefined
  }
}
