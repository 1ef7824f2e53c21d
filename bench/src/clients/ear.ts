/** Counts what a client hears: how many, from the first to the last, and how long each was on the way. */
import { monotonicMs } from './orders.ts'

export interface Heard {
  readonly messages: number
  readonly seconds: number
  readonly firstAtMs: number
  readonly latenciesMs: readonly number[]
}

/** Time between two looks at whether nothing comes any more. */
const LOOK_MS = 20

export class Ear {
  #messages = 0
  #firstAtMs = 0
  #isStamped = false
  #latenciesMs: number[] = []
  #wanted = Number.POSITIVE_INFINITY
  #onWanted: () => void = () => {}

  /** Starts from zero. */
  listen(isStamped: boolean): void {
    this.#messages = 0
    this.#firstAtMs = 0
    this.#isStamped = isStamped
    this.#latenciesMs = []
    this.#wanted = Number.POSITIVE_INFINITY
  }

  /** The callback of every subscription. Looks at the clock only where it must: it runs a million times a second. */
  readonly onMessage = (body: unknown): void => {
    if (this.#messages++ === 0) this.#firstAtMs = monotonicMs()
    if (this.#isStamped) this.#latenciesMs.push(monotonicMs() - (body as Buffer).readDoubleLE(0))
    if (this.#messages === this.#wanted) this.#onWanted()
  }

  /** Resolves once so many have come, or nothing has for `silenceMs`. */
  async heard(messages: number, silenceMs: number): Promise<Heard> {
    let seen = this.#messages
    let lastAtMs = monotonicMs()
    if (seen < messages) {
      await new Promise<void>((resolve) => {
        // Only when something is lost does the time of the last one come from here.
        const watch = setInterval(() => {
          const nowMs = monotonicMs()
          if (this.#messages !== seen) lastAtMs = nowMs
          seen = this.#messages
          if (nowMs - lastAtMs > silenceMs) finish()
        }, LOOK_MS)
        const finish = () => {
          clearInterval(watch)
          resolve()
        }
        this.#wanted = messages
        this.#onWanted = () => {
          lastAtMs = monotonicMs()
          finish()
        }
      })
    }
    this.#wanted = Number.POSITIVE_INFINITY
    return {
      messages: this.#messages,
      seconds: (lastAtMs - this.#firstAtMs) / 1000,
      firstAtMs: this.#firstAtMs,
      latenciesMs: this.#latenciesMs,
    }
  }
}
