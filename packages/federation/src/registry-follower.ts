/**
 * Keeps our entry in the registry and follows its list, for as long as the platform runs. Two loops that do not wait for
 * each other: a name that is taken does not stop us from hearing of the others, and a list that fails does not stop us
 * from registering. Stopping leaves the entry where it is, because a restart is no leave.
 */

import { describeError, type KeyPair } from '@volttron/vip'
import { backoffMs } from './backoff.ts'
import type { ListReading } from './peer-book.ts'
import type { Clock, FederationLog, RegisterOutcome, RegistryEntry, RegistryFailure, RegistryPort } from './ports.ts'

export const RegistryTimes = {
  backoff: { firstMs: 1_000, baseMs: 1_000, maxMs: 15_000 },
  /** Between two tries where somebody has to act first. */
  blockedMs: 30_000,
  /** Our entry is confirmed so often, which the registry shows as last seen. */
  refreshMs: 300_000,
  /** A registry that cannot hold an answer is asked so often. */
  pollMs: 10_000,
  /** How long our registry may hold an answer. */
  waitMs: 30_000,
  /** Two lists begin at least so far apart. */
  paceMs: 500,
  /** Two lists asked for because of strangers begin at least so far apart. */
  askAgainMs: 2_000,
  /** No answer so long after the time it was due counts as unreachable. */
  answerMs: 10_000,
} as const

export type RegistryStatusWord = 'connecting' | 'registered' | RegistryFailure['outcome']

export interface RegistryStatus {
  readonly url: string
  readonly status: RegistryStatusWord
  /** One line for people; null when all is well. */
  readonly reason: string | null
  /** Unix seconds of the last good answer; null before the first. */
  readonly last_contact: number | null
  readonly listed: number
  readonly refused: number
  readonly refused_entries: ListReading['refused']
  readonly ignored: ListReading['ignored']
}

export interface FollowerOptions {
  readonly registry: RegistryPort
  readonly clock: Clock
  readonly random: () => number
  readonly log: FederationLog
  /** Our entry as it should be, and the keys that prove it, as of now. */
  readonly entry: () => RegistryEntry
  readonly keys: () => KeyPair
  /** A list arrived: read it, act on it, and say what it held. */
  readonly onList: (platforms: readonly unknown[], isComplete: boolean) => ListReading
}

/** Outcomes that no retry mends: a person must act. */
const BLOCKED: readonly string[] = [
  'taken',
  'registry-holds-another-key',
  'unauthorized',
  'rejected',
  'not-a-registry',
  'tls-error',
]

export class RegistryFollower {
  readonly #options: FollowerOptions
  readonly #registering: Loop
  readonly #listing: Loop
  #revision: string | undefined
  #registered = false
  #registerFailure: RegistryFailure | undefined
  #listFailure: RegistryFailure | undefined
  #holdsAnotherKey = false
  #lastContact: number | null = null
  #reading: ListReading | undefined
  #listBeganMs = Number.NEGATIVE_INFINITY
  #loggedStatus: RegistryStatusWord = 'connecting'

  constructor(options: FollowerOptions) {
    this.#options = options
    const onDefect = (error: unknown) => options.log.error({ error: describeError(error) }, 'registry-loop-failed')
    this.#registering = new Loop(options.clock, (signal) => this.#register(signal), onDefect)
    this.#listing = new Loop(options.clock, (signal) => this.#list(signal), onDefect)
  }

  start(): void {
    this.#registering.start()
    this.#listing.start()
  }

  stop(): void {
    this.#registering.stop()
    this.#listing.stop()
  }

  /** Asks for the whole list now. */
  refresh(): void {
    this.#revision = undefined
    this.#listing.restart(this.#paceMs(RegistryTimes.paceMs))
  }

  /**
   * A stranger knocked: perhaps the registry knows him. Asks sooner than planned, but not as often as strangers please; a
   * question that is out already is left to its answer.
   */
  askAgain(): void {
    this.#listing.hasten(this.#paceMs(RegistryTimes.askAgainMs))
  }

  get status(): RegistryStatus {
    const { url } = this.#options.registry
    const [status, reason] = this.#verdict()
    return {
      url,
      status,
      reason,
      last_contact: this.#lastContact,
      listed: this.#reading?.listed ?? 0,
      refused: this.#reading?.refusedCount ?? 0,
      refused_entries: this.#reading?.refused ?? [],
      ignored: this.#reading?.ignored ?? { group: 0, name: 0, removed: 0 },
    }
  }

  /**
   * Registers `entry` with the proof of `prover`, outside the loop: for a change of our own key.
   *
   * @param onRegistered makes it so here too. The loop goes on after that, for with the former key it would be a stranger
   */
  async change(entry: RegistryEntry, prover: KeyPair, onRegistered: () => void): Promise<RegisterOutcome> {
    const { registry, clock } = this.#options
    this.#registering.stop()
    const outcome = await answerOrTimeout(clock, RegistryTimes.answerMs, (signal) =>
      registry.register(entry, prover, signal),
    )
    if (outcome.outcome === 'registered') onRegistered()
    this.#registering.start()
    return outcome
  }

  #verdict(): [RegistryStatusWord, string | null] {
    if (this.#holdsAnotherKey) {
      const { id } = this.#options.entry()
      return [
        'registry-holds-another-key',
        `the registry holds another key for the name ${id}: choose another --instance-name, or remove the old entry there`,
      ]
    }
    const failure = this.#registerFailure ?? this.#listFailure
    if (failure) return [failure.outcome, failure.message]
    return this.#registered ? ['registered', null] : ['connecting', null]
  }

  /** @returns milliseconds until the next turn of the loop */
  async #register(signal: AbortSignal): Promise<number> {
    const { registry, clock } = this.#options
    const outcome = await answerOrTimeout(
      clock,
      RegistryTimes.answerMs,
      (inner) => registry.register(this.#options.entry(), this.#options.keys(), inner),
      signal,
    )
    if (signal.aborted) return 0
    if (outcome.outcome !== 'registered') {
      this.#registerFailure = outcome
      this.#logStatus()
      return this.#retryMs(outcome, this.#registering)
    }
    const first = !this.#registered
    this.#registered = true
    this.#registerFailure = undefined
    this.#holdsAnotherKey = false
    this.#contact(this.#registering)
    this.#logStatus()
    if (first) this.refresh()
    return RegistryTimes.refreshMs * (0.9 + 0.2 * this.#options.random())
  }

  /** Time until a list may begin, so that two are at least `distanceMs` apart. */
  #paceMs(distanceMs: number): number {
    return Math.max(0, this.#listBeganMs + distanceMs - this.#options.clock.monotonicMs())
  }

  async #list(signal: AbortSignal): Promise<number> {
    const { registry, clock } = this.#options
    this.#listBeganMs = clock.monotonicMs()
    const since = this.#revision
    const waitMs = since === undefined ? 0 : RegistryTimes.waitMs
    const outcome = await answerOrTimeout(
      clock,
      waitMs + RegistryTimes.answerMs,
      (inner) => registry.list({ since, waitMs }, inner),
      signal,
    )
    if (signal.aborted) return 0
    if (outcome.outcome !== 'listed' && outcome.outcome !== 'unchanged') {
      this.#listFailure = outcome
      this.#logStatus()
      return this.#retryMs(outcome, this.#listing)
    }
    this.#listFailure = undefined
    this.#contact(this.#listing)
    if (outcome.outcome === 'listed') {
      this.#revision = outcome.revision
      this.#take(this.#options.onList(outcome.platforms, outcome.isComplete ?? true))
    }
    this.#logStatus()
    if (this.#revision === undefined) return RegistryTimes.pollMs * (0.8 + 0.4 * this.#options.random())
    return this.#paceMs(RegistryTimes.paceMs)
  }

  /** What the list says about ourselves decides whether we register again. */
  #take(reading: ListReading): void {
    const before = this.#reading
    this.#reading = reading
    this.#holdsAnotherKey = reading.own === 'other-key'
    if (reading.own === 'same') return
    if (!this.#registered) return
    this.#registered = false
    this.#options.log.warn({ entry: reading.own }, 'registry-entry-not-ours')
    if (reading.own === 'other-key') return this.#registering.restart(RegistryTimes.blockedMs)
    // A registry that forgets us at once after each registration is not asked in a tight loop.
    this.#registering.restart(before?.own === reading.own ? RegistryTimes.pollMs : 0)
  }

  #contact(loop: Loop): void {
    loop.failures = 0
    this.#lastContact = this.#options.clock.unixMs() / 1000
  }

  #retryMs(failure: RegistryFailure, loop: Loop): number {
    const { random } = this.#options
    loop.failures++
    if (BLOCKED.includes(failure.outcome)) return RegistryTimes.blockedMs * (0.5 + random())
    return 250 + backoffMs(loop.failures, RegistryTimes.backoff, random)
  }

  #logStatus(): void {
    const [status, reason] = this.#verdict()
    // Before the first answer there is nothing to tell.
    if (status === this.#loggedStatus || status === 'connecting') return
    this.#loggedStatus = status
    const { log, registry } = this.#options
    if (status === 'registered') log.info({ url: registry.url }, 'registry-registered')
    else log.warn({ url: registry.url, status, reason }, 'registry-trouble')
  }
}

/** A task that is run again after the time it asks for, one at a time. */
class Loop {
  failures = 0
  readonly #clock: Clock
  readonly #run: (signal: AbortSignal) => Promise<number>
  #controller: AbortController | undefined
  #cancelTimer: () => void = () => {}
  readonly #onDefect: (error: unknown) => void
  #dueMs = 0
  #isOn = false

  constructor(clock: Clock, run: (signal: AbortSignal) => Promise<number>, onDefect: (error: unknown) => void) {
    this.#clock = clock
    this.#run = run
    this.#onDefect = onDefect
  }

  start(): void {
    if (this.#isOn) return
    this.#isOn = true
    this.#begin()
  }

  /** Ends what is under way; {@link start} goes on. */
  stop(): void {
    this.#isOn = false
    this.#cancelTimer()
    this.#controller?.abort()
    this.#controller = undefined
  }

  /** Drops what is under way and runs again after `delayMs`. */
  restart(delayMs: number): void {
    if (!this.#isOn) return
    this.stop()
    this.#isOn = true
    this.#beginAfter(delayMs)
  }

  /** Runs after `delayMs` when it would have waited longer. */
  hasten(delayMs: number): void {
    if (!this.#isOn || this.#controller || this.#dueMs <= this.#clock.monotonicMs() + delayMs) return
    this.#cancelTimer()
    this.#beginAfter(delayMs)
  }

  #beginAfter(delayMs: number): void {
    this.#dueMs = this.#clock.monotonicMs() + delayMs
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => this.#begin())
  }

  #begin(): void {
    const controller = new AbortController()
    this.#controller = controller
    const turn = async () => {
      const delayMs = await this.#run(controller.signal)
      if (this.#controller !== controller || !this.#isOn) return
      this.#controller = undefined
      this.#beginAfter(delayMs)
    }
    turn().catch((error: unknown) => {
      this.#onDefect(error)
      if (this.#controller === controller) this.restart(RegistryTimes.blockedMs)
    })
  }
}

/** Runs `ask`; when it does not answer in time, or throws, that is a failure like any other. */
function answerOrTimeout<A>(
  clock: Clock,
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<A>,
  outer?: AbortSignal,
): Promise<A | RegistryFailure> {
  const controller = new AbortController()
  return new Promise((resolve) => {
    const settle = (answer: A | RegistryFailure) => {
      cancel()
      outer?.removeEventListener('abort', onAbort)
      resolve(answer)
    }
    const give = (message: string) => {
      controller.abort()
      settle({ outcome: 'unreachable', message })
    }
    const onAbort = () => give('no longer wanted')
    const cancel = clock.setTimer(timeoutMs, () => give('the registry did not answer in time'))
    outer?.addEventListener('abort', onAbort, { once: true })
    ask(controller.signal).then(settle, (error: unknown) =>
      give(error instanceof Error ? error.message : String(error)),
    )
  })
}
