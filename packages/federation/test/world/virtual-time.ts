/** Time that only passes when the test lets it, and randomness that a seed repeats. */
import type { Clock } from '../../src/index.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  /** Promises may have been settled: let them run before the next event. */
  readonly settles: boolean
  cancelled: boolean
}

export class VirtualTime {
  nowMs = 0
  #events: Event[] = []
  #order = 0

  /** @param settles false for events that settle no promise, which saves a turn of the real event loop */
  at(delayMs: number, run: () => void, settles = true): () => void {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
      settles,
      cancelled: false,
    }
    push(this.#events, event)
    return () => {
      event.cancelled = true
    }
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await turn()
    for (;;) {
      const first = this.#events[0]
      if (!first || first.atMs > untilMs) break
      pop(this.#events)
      if (first.cancelled) continue
      this.nowMs = first.atMs
      first.run()
      if (first.settles) await turn()
    }
    this.nowMs = untilMs
  }

  /** Lets time pass until `condition` holds; false when it does not within `limitMs`. */
  async until(condition: () => boolean, limitMs: number, stepMs = 100): Promise<boolean> {
    for (let passedMs = 0; passedMs <= limitMs; passedMs += stepMs) {
      if (condition()) return true
      await this.pass(stepMs)
    }
    return condition()
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const isBefore = (one: Event, other: Event) =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)

function push(heap: Event[], event: Event): void {
  let at = heap.push(event) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(event, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
}

/** The clock of one platform: knows its timers, and stops with it. */
export class SiteClock implements Clock {
  readonly #time: VirtualTime
  readonly #skewMs: number
  readonly #timers = new Set<() => void>()
  #isHalted = false

  constructor(time: VirtualTime, skewMs: number) {
    this.#time = time
    this.#skewMs = skewMs
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  monotonicMs(): number {
    return this.#time.nowMs
  }

  unixMs(): number {
    return 1_700_000_000_000 + this.#skewMs + this.#time.nowMs
  }

  setTimer(delayMs: number, run: () => void): () => void {
    if (this.#isHalted) return () => {}
    const cancelEvent = this.#time.at(delayMs, () => {
      this.#timers.delete(cancel)
      run()
    })
    const cancel = () => {
      this.#timers.delete(cancel)
      cancelEvent()
    }
    this.#timers.add(cancel)
    return cancel
  }

  /** The platform is dead: nothing of it runs any more. */
  halt(): void {
    this.#isHalted = true
    for (const cancel of [...this.#timers]) cancel()
  }
}

/** A random number in [0, 1) per call, repeated by its seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
