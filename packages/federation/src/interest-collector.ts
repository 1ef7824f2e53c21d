/** Gathers changes of the local interest and hands them on once per turn. */
import { type PrefixChange, PrefixChanges } from '@volttron/topics'
import type { Flushable } from '@volttron/transport'

export class InterestCollector {
  readonly #deliver: (change: PrefixChange) => void
  readonly #schedule: (work: Flushable) => void
  #changes = new PrefixChanges()
  #scheduled = false

  constructor(schedule: (work: Flushable) => void, deliver: (change: PrefixChange) => void) {
    this.#schedule = schedule
    this.#deliver = deliver
  }

  include(change: PrefixChange): void {
    this.#changes.include(change)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(this)
  }

  /** Delivers what is gathered now, for instance before a whole list goes out that has it already. */
  flush(): void {
    this.#scheduled = false
    if (this.#changes.empty) return
    const change = this.#changes.net()
    this.#changes = new PrefixChanges()
    this.#deliver(change)
  }
}
