/** Time that moves when the test says so. */
export class ManualClock {
  nowMs = 1_000
  #timers = new Set<{ atMs: number; run: () => void }>()

  /** The wall clock is so far ahead: midnight of a Monday when the clock was made. */
  epochMs = Date.UTC(2029, 0, 1) - 1_000

  readonly now = (): number => this.nowMs

  readonly wallClock = (): number => this.epochMs + this.nowMs

  readonly startTimer = (run: () => void, delayMs: number): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Timers that have not run. */
  get pending(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer. */
  get nextInMs(): number {
    return Math.min(...[...this.#timers].map(({ atMs }) => atMs)) - this.nowMs
  }

  /** Time passes and no timer runs, as when a laptop is closed. */
  sleep(ms: number): void {
    this.nowMs += ms
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!due) break
      this.#timers.delete(due)
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.run()
    }
    this.nowMs = untilMs
  }
}
