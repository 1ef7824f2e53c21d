/**
 * Work that is due at the end of the event-loop turn, once however often it was asked for. A busy bus so gets large
 * batches, an idle one no delay.
 */
export interface Flushable {
  flush(): void
}

export class Turn {
  readonly #defer: (run: () => void) => void
  #due: Flushable[] = []
  #scheduled = false

  /** @param defer runs its argument at the end of the turn; `setImmediate` outside simulations */
  constructor(defer: (run: () => void) => void = setImmediate) {
    this.#defer = defer
  }

  schedule(work: Flushable): void {
    this.#due.push(work)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#defer(this.#run)
  }

  readonly #run = (): void => {
    this.#scheduled = false
    const due = this.#due
    this.#due = []
    let next = 0
    try {
      while (next < due.length) due[next++]!.flush()
    } finally {
      // One that fails must not take the others with it: they wait for this turn and ask for no other.
      for (; next < due.length; next++) this.schedule(due[next]!)
    }
  }
}
