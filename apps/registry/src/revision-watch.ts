/**
 * Lets requests wait until the list changes. A write of this process is seen at once; one of another process (or of the
 * operator at the database) within a second, by asking the database for its revision while somebody waits.
 */
import type { Logger } from '@volttron/observe'

const ASK_PERIOD_MS = 1_000
/** Requests that may wait at once; one more is answered without waiting. */
const MAX_WAITERS = 5_000

interface Waiter {
  readonly since: string
  readonly wake: () => void
}

export class RevisionWatch {
  readonly #askRevision: () => Promise<string>
  readonly #logger: Logger
  readonly #waiters = new Set<Waiter>()
  #timer: NodeJS.Timeout | undefined
  #asking = false
  #askAgain = false
  #closed = false

  constructor(askRevision: () => Promise<string>, logger: Logger) {
    this.#askRevision = askRevision
    this.#logger = logger
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Resolves when the revision is another than `since`, after `timeoutMs`, when the signal aborts, or at close. */
  async changedFrom(since: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#closed || signal.aborted || this.#waiters.size >= MAX_WAITERS) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => waiter.wake(), timeoutMs)
      const waiter: Waiter = {
        since,
        wake: () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', waiter.wake)
          this.#waiters.delete(waiter)
          resolve()
        },
      }
      signal.addEventListener('abort', waiter.wake)
      this.#waiters.add(waiter)
      // Asked at once: the list may have changed between the caller's look and now.
      this.changed()
    })
  }

  /** Something may have changed: looks, and wakes who waits for it. */
  changed(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#askAgain = true
    if (this.#waiters.size > 0 && !this.#asking) void this.#ask()
  }

  /** Answers everybody who waits, and everybody who comes from now on. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const waiter of [...this.#waiters]) waiter.wake()
  }

  async #ask(): Promise<void> {
    this.#asking = true
    while (this.#askAgain) {
      this.#askAgain = false
      try {
        const revision = await this.#askRevision()
        for (const waiter of [...this.#waiters]) if (waiter.since !== revision) waiter.wake()
      } catch (error) {
        this.#logger.warn({ event: 'revision-not-read', err: error })
      }
    }
    this.#asking = false
    if (this.#waiters.size > 0 && !this.#closed) this.#timer = setTimeout(() => this.changed(), ASK_PERIOD_MS)
  }
}
