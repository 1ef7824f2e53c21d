/** An event loop whose tasks run when a test says so, for agents and their connections. */
import type { Scheduler } from '@volttron/transport'

export class VirtualLoop implements Scheduler {
  #nowMs = 0
  #tasks: { readonly atMs: number; readonly run: () => void }[] = []

  now(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, run: () => void): () => void {
    const task = { atMs: this.#nowMs + delayMs, run }
    this.#tasks.push(task)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task)
    }
  }

  /** Runs the oldest task that is due; false when there is none. */
  step(): boolean {
    const at = this.#tasks.findIndex(({ atMs }) => atMs <= this.#nowMs)
    if (at < 0) return false
    const [task] = this.#tasks.splice(at, 1)
    task!.run()
    return true
  }
}
