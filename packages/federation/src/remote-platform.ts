/**
 * Another platform as this one deals with it: runs the session machine, dials, and holds the session there is. Nothing
 * here decides; see session-machine.ts for that.
 */
import type { PrefixChange } from '@volttron/topics'
import type { Connection } from '@volttron/transport'
import type { HelloCapabilities } from '@volttron/vip'
import type { ClassicLink } from './classic-link.ts'
import { ClassicSide } from './classic-side.ts'
import type { ClassicVisit } from './classic-visit.ts'
import type { AcceptMessage, OpenMessage } from './control-message.ts'
import { DialAttempt } from './dial-attempt.ts'
import { isDialable, type KnownPlatform } from './known-platform.ts'
import type { PlatformLink, Protocol } from './platform-link.ts'
import { Session, type SessionOwner, type SessionSurroundings } from './session.ts'
import {
  initialSessionState,
  type MachineContext,
  next,
  Refusal,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from './session-machine.ts'
import { addTo, noTotals, type Totals } from './session-totals.ts'
import { type Trouble, troubleOf } from './trouble.ts'

/** Who we are, said in `open` and `accept`. */
export interface Self {
  readonly instance: string
  readonly group: string
  /** Grows with each start of the platform. */
  readonly boot: number
  /** Random at each start; names our stream of records. */
  readonly epoch: number
}

export interface RemotePlatformOptions<T, R> {
  readonly self: Self
  readonly surroundings: SessionSurroundings<T, R>
  /** It had a session of ours in an earlier run. */
  readonly hadSession: boolean
  /** Why an `open` of this group is not wanted; `undefined` when it is. */
  readonly groupProblem: (group: string) => string | undefined
  /** Called before our interest is announced as a whole. */
  readonly beforeSession: () => void
  /** The session came or went, or something else worth a save. */
  readonly onChange: () => void
  readonly onHeartbeat: () => void
}

export class RemotePlatform<T, R> implements SessionOwner<T, R> {
  readonly name: string
  readonly #options: RemotePlatformOptions<T, R>
  readonly #past: Totals = noTotals()
  #known: KnownPlatform
  #state: SessionState = initialSessionState
  #attempt: DialAttempt<T, R> | undefined
  #link: Session<T, R> | ClassicLink | undefined
  readonly #classic: ClassicSide<T, R>
  #hadSession: boolean
  #protocol: Protocol | null = null
  /** The accepted connection whose `open` is being decided. */
  #offer: { session: Session<T, R>; open: OpenMessage } | undefined
  readonly #settling = new Set<Session<T, R>>()
  #cancelTimer: () => void = () => {}
  #timerDueMs: number | undefined
  #trouble: Trouble | undefined
  readonly #saidTroubles = new Set<string>()
  /** A second live platform of this name was turned away at this time. */
  #doubleSeenMs = Number.NEGATIVE_INFINITY
  /** Unix milliseconds. */
  #lastHeartbeat: number | null

  constructor(known: KnownPlatform, lastHeartbeatMs: number | null, options: RemotePlatformOptions<T, R>) {
    this.name = known.name
    this.#known = known
    this.#lastHeartbeat = lastHeartbeatMs
    this.#options = options
    this.#hadSession = options.hadSession
    this.#classic = new ClassicSide<T, R>(known.name, options.surroundings, {
      hasSession: () => this.session?.isAlive ?? false,
      onHeard: () => this.onHeartbeat(),
      onLinkClosed: (link, word, detail) => this.onClosed(link, word, detail),
    })
  }

  get known(): KnownPlatform {
    return this.#known
  }

  get phase(): SessionState['phase'] {
    return this.#state.phase
  }

  /** The running connection, in whatever protocol. */
  get link(): PlatformLink | undefined {
    return this.#link
  }

  /** The running session of ours. */
  get session(): Session<T, R> | undefined {
    return this.#link?.protocol === 'volttron-ts' ? this.#link : undefined
  }

  /** Spoken now, or last. */
  get protocol(): Protocol | null {
    return this.#protocol
  }

  /** It had a session of ours once. */
  get hadSession(): boolean {
    return this.#hadSession
  }

  /** A connection that the platform dialled for VIP1 stands. */
  get hasVisit(): boolean {
    return this.#classic.hasVisit
  }

  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  /** A double was seen within the last minutes. */
  get hasDouble(): boolean {
    return this.#clock.monotonicMs() - this.#doubleSeenMs < 300_000
  }

  /** Milliseconds until the next dial; `undefined` when none is planned. */
  get nextRetryMs(): number | undefined {
    if (this.#state.phase !== 'backoff' || this.#timerDueMs === undefined) return undefined
    return Math.max(0, this.#timerDueMs - this.#clock.monotonicMs())
  }

  /** Unix milliseconds of the last sign of life; null before the first. */
  get lastHeartbeat(): number | null {
    return this.#lastHeartbeat
  }

  get totals(): Totals {
    const totals = { ...this.#past }
    if (this.#link) addTo(totals, this.#link)
    totals.messagesIn += this.#classic.messagesIn
    totals.refusedIn += this.#classic.refusedIn
    return totals
  }

  /** What is known has changed. A session whose key is out of date is closed; a new address is dialled at once. */
  update(known: KnownPlatform): void {
    const before = this.#known
    this.#known = known
    const keyChanged = before.key !== known.key
    const moved = before.address !== known.address || before.dialOnly !== known.dialOnly
    if (known.key === undefined) return this.stop()
    const dialable = this.#dialable
    if (this.#state.phase === 'off') this.#handle({ type: 'want', dialable })
    else if (keyChanged) {
      for (const session of [...this.#settling]) session.close('key-changed')
      this.#classic.closeVisits('key-changed')
      this.#handle({ type: 'moved', dialable })
    } else if (moved && this.#state.phase !== 'running') this.#handle({ type: 'moved', dialable })
  }

  start(): void {
    if (this.#known.key !== undefined) this.#handle({ type: 'want', dialable: this.#dialable })
  }

  /** Closes everything. */
  stop(word = 'removed'): void {
    for (const session of [...this.#settling]) session.close(word)
    this.#classic.closeVisits(word)
    this.#handle({ type: 'unwant', reason: word })
  }

  /** A connection of this platform was accepted and greeted; it is expected to send `open`. */
  accept(connection: Connection, hello: HelloCapabilities, nonce: number): Session<T, R> {
    const options = { nonce, credit: hello.credit, dialledBy: 'peer' } as const
    const session = new Session<T, R>(this.name, connection, options, this, this.#options.surroundings)
    this.#settling.add(session)
    this.#handle({ type: 'contact' })
    return session
  }

  /** A connection that the platform dialled, and speaks VIP1 on. */
  acceptClassic(connection: Connection): ClassicVisit<T, R> | undefined {
    const visit = this.#classic.visited(connection)
    if (visit) this.#handle({ type: 'contact' })
    return visit
  }

  announce(change: PrefixChange): void {
    this.session?.announce(change)
    this.#classic.announce()
  }

  onSettling(session: Session<T, R>, message: Parameters<SessionOwner<T, R>['onSettling']>[1]): void {
    if (message.op === 'open') return this.#decide(session, message)
    if (session !== this.#attempt?.link) return session.close('overtaken')
    if (message.op === 'accept') return this.#handle({ type: 'accepted', peer: mark(message) })
    if (message.reason !== Refusal.tie)
      this.#trouble = { word: message.reason, detail: `the platform refused the session: ${message.reason}` }
    this.#handle({ type: 'refused', reason: message.reason })
  }

  onHeartbeat(): void {
    this.#lastHeartbeat = this.#clock.unixMs()
    this.#options.onHeartbeat()
  }

  onClosed(link: Session<T, R> | ClassicLink, word: string, detail: string): void {
    const wasSettling = link.protocol === 'volttron-ts' && this.#settling.delete(link)
    if (link === this.#link) {
      addTo(this.#past, link)
      this.#link = undefined
      this.#trouble = { word, detail }
      this.#log.info({ platform: this.name, word, detail }, 'session-closed')
      this.#handle({ type: 'lost' })
      this.#options.onChange()
      return
    }
    const wasAttempt = link === this.#attempt?.link
    if (wasSettling || wasAttempt) this.#past.refusedIn += link.counters.refusedIn
    if (wasAttempt) this.#fail({ word, detail })
  }

  get #clock() {
    return this.#options.surroundings.ports.clock
  }

  get #log() {
    return this.#options.surroundings.ports.log
  }

  get #dialable(): boolean {
    return isDialable(this.#known)
  }

  #decide(session: Session<T, R>, open: OpenMessage): void {
    const problem =
      open.instance === this.name ? this.#options.groupProblem(open.group) : 'the name in its open is not its own'
    if (problem !== undefined) {
      this.#trouble = { word: 'refused', detail: problem }
      this.#log.warn({ platform: this.name, problem }, 'session-refused')
      session.send({ op: 'refuse', reason: Refusal.unwanted })
      return session.close('refused')
    }
    this.#offer = { session, open }
    this.#handle({ type: 'offered', peer: mark(open), currentAlive: this.session?.isAlive ?? false })
    this.#offer = undefined
  }

  #handle(event: SessionEvent): void {
    const step = next(this.#state, event, this.#context())
    this.#state = step.state
    for (const effect of step.effects) this.#perform(effect)
  }

  #context(): MachineContext {
    const { ports } = this.#options.surroundings
    const key = this.#known.key
    return {
      random: ports.random,
      smallerKey: key !== undefined && ports.keys.own().publicKey < key,
      dialable: this.#dialable,
    }
  }

  #perform(effect: SessionEffect): void {
    switch (effect.type) {
      case 'dial':
        return this.#dial()
      case 'abort':
        return this.#abort()
      case 'send-open': {
        const { instance, group, boot, epoch } = this.#options.self
        const opened = this.#attempt?.link
        if (opened?.protocol === 'volttron-ts')
          opened.send({ op: 'open', instance, group, boot, epoch, attempt: effect.attempt })
        return
      }
      case 'take-dialled': {
        const link = this.#attempt?.link
        this.#attempt = undefined
        if (link) this.#adopt(link)
        return
      }
      case 'take-offer':
        return this.#takeOffer()
      case 'refuse-offer':
        return this.#refuseOffer(effect.reason)
      case 'close-session':
        return this.#retire(effect.reason)
      case 'set-timer':
        this.#cancelTimer()
        this.#timerDueMs = this.#clock.monotonicMs() + effect.delayMs
        this.#cancelTimer = this.#clock.setTimer(effect.delayMs, () => this.#onTimer())
        return
      case 'clear-timer':
        this.#cancelTimer()
        this.#timerDueMs = undefined
    }
  }

  #onTimer(): void {
    this.#timerDueMs = undefined
    if (this.#state.phase === 'dialling' || this.#state.phase === 'opening')
      this.#trouble = { word: 'timeout', detail: `no answer from ${this.#known.address}` }
    this.#handle({ type: 'timer' })
  }

  #dial(): void {
    const { surroundings } = this.#options
    const { dial, clock } = surroundings.ports
    this.#attempt = new DialAttempt<T, R>({
      dial,
      target: {
        platform: this.name,
        address: this.#known.address,
        publicKey: this.#known.key!,
        failures: this.#state.failures,
      },
      setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
      makeSession: (connection, { nonce, credit }) =>
        new Session<T, R>(this.name, connection, { nonce, credit, dialledBy: 'us' }, this, surroundings),
      makeLink: (connection) => this.#classic.dialled(connection),
      onReached: ({ link }) => this.#handle({ type: link?.protocol === 'vip1' ? 'dialled-classic' : 'dialled' }),
      onFailed: (attempt, error) => {
        if (this.#attempt === attempt) this.#fail(troubleOf(error))
      },
    })
  }

  #fail(trouble: Trouble): void {
    // Each kind is said once aloud until it is connected again: it may go on for months, now so and now so.
    const isNew = !this.#saidTroubles.has(trouble.word)
    this.#saidTroubles.add(trouble.word)
    this.#trouble = trouble
    this.#log[isNew ? 'warn' : 'debug']({ platform: this.name, ...trouble }, 'dial-failed')
    this.#handle({ type: 'failed' })
  }

  #abort(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.abort()
  }

  #takeOffer(): void {
    const offer = this.#offer
    if (!offer) return
    const { boot, epoch } = this.#options.self
    offer.session.send({ op: 'accept', boot, epoch, attempt: this.#state.attempt })
    this.#settling.delete(offer.session)
    this.#adopt(offer.session)
  }

  #refuseOffer(reason: string): void {
    const offer = this.#offer
    if (!offer) return
    if (reason === Refusal.duplicate) {
      if (!this.hasDouble) this.#log.warn({ platform: this.name }, 'duplicate-instance')
      this.#doubleSeenMs = this.#clock.monotonicMs()
    }
    offer.session.send({ op: 'refuse', reason })
    offer.session.close(reason)
  }

  #adopt(link: Session<T, R> | ClassicLink): void {
    this.#options.beforeSession()
    const { protocol, dialledBy } = link
    this.#link = link
    this.#protocol = protocol
    this.#past.sessions++
    this.#trouble = undefined
    this.#saidTroubles.clear()
    this.#lastHeartbeat = this.#clock.unixMs()
    this.#log.info({ platform: this.name, dialledBy, protocol }, 'session-opened')
    if (link.protocol === 'vip1') {
      if (this.#hadSession) this.#log.warn({ platform: this.name }, 'platform-degraded')
      this.#classic.run(link)
    } else {
      this.#hadSession = true
      link.run()
    }
    this.#options.onChange()
  }

  /** Closes the running session without treating that as a loss. */
  #retire(word: string): void {
    const link = this.#link
    if (!link) return
    this.#link = undefined
    link.close(word)
    addTo(this.#past, link)
    this.#options.onChange()
  }
}

const mark = ({ boot, attempt }: OpenMessage | AcceptMessage) => ({ boot, attempt })
