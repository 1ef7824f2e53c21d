/** How many tries in a row must have failed for a dial to stand last; its waiting time is at its longest by then. */
const LAST_RANK = 8

export interface DialGateOptions {
  /** Dials that run at once, and dials that may begin together after a quiet time. */
  readonly most: number
  /** Time between dials that begin, once those are used up. */
  readonly paceMs: number
  readonly setTimer: (delayMs: number, run: () => void) => () => void
}

/**
 * Lets so many dials run at once, and so many begin in a time; the others wait their turn, those with the fewest failures
 * before them first. A list of ten thousand dead platforms neither takes all sockets nor keeps the bus waiting, and a
 * platform that lives does not stand behind them.
 */
export class DialGate {
  readonly #options: DialGateOptions
  #running = 0
  /** Dials that may begin at once. */
  #credit: number
  /** By failures; each in order of arrival. */
  readonly #waiting: Set<() => void>[] = Array.from({ length: LAST_RANK + 1 }, () => new Set())

  constructor(options: DialGateOptions) {
    this.#options = options
    this.#credit = options.most
  }

  /**
   * Runs `dial` when it is its turn; rejects at once when `signal` aborts while it waits.
   *
   * @param failures tries in a row before this one that came to nothing
   */
  async pass<T>(dial: () => Promise<T>, failures: number, signal: AbortSignal): Promise<T> {
    await this.#turn(failures, signal)
    try {
      signal.throwIfAborted()
      return await dial()
    } finally {
      this.#running--
      this.#admit()
    }
  }

  #turn(failures: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const rank = this.#waiting[Math.min(failures, LAST_RANK)]!
      const enter = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        rank.delete(enter)
        reject(signal.reason)
      }
      if (signal.aborted) return giveUp()
      rank.add(enter)
      signal.addEventListener('abort', giveUp, { once: true })
      this.#admit()
    })
  }

  #admit(): void {
    while (this.#credit > 0 && this.#running < this.#options.most) {
      const rank = this.#waiting.find(({ size }) => size > 0)
      if (!rank) return
      const [first] = rank
      rank.delete(first!)
      this.#running++
      if (this.#credit-- === this.#options.most) this.#refill()
      first!()
    }
  }

  /** One more dial may begin, in each turn of the clock; it stands still while nothing is missing. */
  #refill(): void {
    this.#options.setTimer(this.#options.paceMs, () => {
      if (++this.#credit < this.#options.most) this.#refill()
      this.#admit()
    })
  }
}
