/**
 * Another platform as this one deals with it: runs the session machine, dials, and holds the session there is. Nothing
 * here decides; see session-machine.ts for that.
 */
import type { PrefixChange } from '@volttron/topics'
import { type Connection, type Greeting, greet } from '@volttron/transport'
import { describeError, type HelloCapabilities, VolttronError } from '@volttron/vip'
import type { AcceptMessage, OpenMessage } from './control-message.ts'
import { isDialable, type KnownPlatform } from './known-platform.ts'
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

/** Announced in `hello`: the connection is to become a session between platforms. */
export const FEDERATION_FEATURE = 'federation'

const GREETING_MS = 10_000
/** Never valid JSON. */
const HELLO_ID = 'federation-hello'

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
  /** Why an `open` of this group is not wanted; `undefined` when it is. */
  readonly groupProblem: (group: string) => string | undefined
  /** Called before our interest is announced as a whole. */
  readonly beforeSession: () => void
  /** The session came or went, or something else worth a save. */
  readonly onChange: () => void
  readonly onHeartbeat: () => void
}

/** What came to an end, for the status. */
export interface Trouble {
  /** A word for machines, such as `unreachable`. */
  readonly word: string
  /** A line for people. */
  readonly detail: string
}

interface Attempt<T, R> {
  readonly controller: AbortController
  session?: Session<T, R>
}

export class RemotePlatform<T, R> implements SessionOwner<T, R> {
  readonly name: string
  readonly #options: RemotePlatformOptions<T, R>
  readonly #past: Totals = noTotals()
  #known: KnownPlatform
  #state: SessionState = initialSessionState
  #attempt: Attempt<T, R> | undefined
  #session: Session<T, R> | undefined
  /** The accepted connection whose `open` is being decided. */
  #offer: { session: Session<T, R>; open: OpenMessage } | undefined
  readonly #settling = new Set<Session<T, R>>()
  #cancelTimer: () => void = () => {}
  #timerDueMs: number | undefined
  #trouble: Trouble | undefined
  /** A second live platform of this name was turned away at this time. */
  #doubleSeenMs = Number.NEGATIVE_INFINITY
  /** Unix milliseconds. */
  #lastHeartbeat: number | null

  constructor(known: KnownPlatform, lastHeartbeatMs: number | null, options: RemotePlatformOptions<T, R>) {
    this.name = known.name
    this.#known = known
    this.#lastHeartbeat = lastHeartbeatMs
    this.#options = options
  }

  get known(): KnownPlatform {
    return this.#known
  }

  get phase(): SessionState['phase'] {
    return this.#state.phase
  }

  /** The running session. */
  get session(): Session<T, R> | undefined {
    return this.#session
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
    if (this.#session) addTo(totals, this.#session)
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
      this.#handle({ type: 'moved', dialable })
    } else if (moved && this.#state.phase !== 'running') this.#handle({ type: 'moved', dialable })
  }

  start(): void {
    if (this.#known.key !== undefined) this.#handle({ type: 'want', dialable: this.#dialable })
  }

  /** Closes everything. */
  stop(word = 'removed'): void {
    for (const session of [...this.#settling]) session.close(word)
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

  announce(change: PrefixChange): void {
    this.#session?.announce(change)
  }

  onSettling(session: Session<T, R>, message: Parameters<SessionOwner<T, R>['onSettling']>[1]): void {
    if (message.op === 'open') return this.#decide(session, message)
    if (session !== this.#attempt?.session) return session.close('overtaken')
    if (message.op === 'accept') return this.#handle({ type: 'accepted', peer: mark(message) })
    if (message.reason !== Refusal.tie)
      this.#trouble = { word: message.reason, detail: `the platform refused the session: ${message.reason}` }
    this.#handle({ type: 'refused', reason: message.reason })
  }

  onHeartbeat(): void {
    this.#lastHeartbeat = this.#clock.unixMs()
    this.#options.onHeartbeat()
  }

  onClosed(session: Session<T, R>, word: string, detail: string): void {
    const wasSettling = this.#settling.delete(session)
    if (session === this.#session) {
      addTo(this.#past, session)
      this.#session = undefined
      this.#trouble = { word, detail }
      this.#log.info({ platform: this.name, word, detail }, 'session-closed')
      this.#handle({ type: 'lost' })
      this.#options.onChange()
      return
    }
    const wasAttempt = session === this.#attempt?.session
    if (wasSettling || wasAttempt) this.#past.refusedIn += session.counters.refusedIn
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
    this.#handle({ type: 'offered', peer: mark(open), currentAlive: this.#session?.isAlive ?? false })
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
        this.#attempt?.session?.send({ op: 'open', instance, group, boot, epoch, attempt: effect.attempt })
        return
      }
      case 'take-dialled': {
        const session = this.#attempt?.session
        this.#attempt = undefined
        if (session) this.#adopt(session)
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
    const { ports } = this.#options.surroundings
    const { address, key } = this.#known
    const attempt: Attempt<T, R> = { controller: new AbortController() }
    this.#attempt = attempt
    const { signal } = attempt.controller
    const target = { platform: this.name, address, publicKey: key! }
    const connected = async () => {
      const connection = await ports.dial(target, signal)
      if (signal.aborted) return connection.close('no longer wanted')
      await this.#greet(connection, attempt)
    }
    connected().catch((error: unknown) => {
      if (this.#attempt === attempt) this.#fail(troubleOf(error))
    })
  }

  /** Says hello; what follows the welcome belongs to the session. */
  async #greet(connection: Connection, attempt: Attempt<T, R>): Promise<void> {
    const { clock } = this.#options.surroundings.ports
    const { signal } = attempt.controller
    const close = () => connection.close('no longer wanted')
    signal.addEventListener('abort', close, { once: true })
    await greet(connection, {
      id: HELLO_ID,
      features: [FEDERATION_FEATURE],
      withTimeout: (onTimeout) => clock.setTimer(GREETING_MS, onTimeout),
      onWelcome: (greeting) => {
        if (signal.aborted) return close()
        signal.removeEventListener('abort', close)
        attempt.session = this.#welcomed(connection, greeting)
        this.#handle({ type: 'dialled' })
      },
      onMessage: (frames) => attempt.session?.onMessage(frames),
      onClose: (reason) => attempt.session?.onConnectionClosed(reason),
    })
  }

  #welcomed(connection: Connection, greeting: Greeting): Session<T, R> {
    const welcome = greeting.capabilities
    if (!welcome?.features.includes(FEDERATION_FEATURE))
      throw new VolttronError('denied', `the platform at ${this.#known.address} does not speak our federation`)
    if (welcome.instanceName !== this.name)
      throw new VolttronError('denied', `the platform at ${this.#known.address} has another name than ${this.name}`)
    const options = { nonce: welcome.nonce, credit: welcome.credit, dialledBy: 'us' } as const
    return new Session<T, R>(this.name, connection, options, this, this.#options.surroundings)
  }

  #fail(trouble: Trouble): void {
    // Said once aloud: it may go on for months.
    const isNew = this.#trouble?.word !== trouble.word
    this.#trouble = trouble
    this.#log[isNew ? 'warn' : 'debug']({ platform: this.name, ...trouble }, 'dial-failed')
    this.#handle({ type: 'failed' })
  }

  #abort(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.controller.abort()
    attempt?.session?.close('overtaken')
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

  #adopt(session: Session<T, R>): void {
    this.#options.beforeSession()
    this.#session = session
    this.#past.sessions++
    this.#trouble = undefined
    this.#lastHeartbeat = this.#clock.unixMs()
    this.#log.info({ platform: this.name, dialledBy: session.dialledBy }, 'session-opened')
    session.run()
    this.#options.onChange()
  }

  /** Closes the running session without treating that as a loss. */
  #retire(word: string): void {
    const session = this.#session
    if (!session) return
    this.#session = undefined
    session.close(word)
    addTo(this.#past, session)
    this.#options.onChange()
  }
}

const mark = ({ boot, attempt }: OpenMessage | AcceptMessage) => ({ boot, attempt })

function troubleOf(error: unknown): Trouble {
  const detail = describeError(error)
  if (!(error instanceof VolttronError)) return { word: 'unreachable', detail }
  return { word: error.code === 'unavailable' ? 'unreachable' : error.code, detail }
}
