/** Requests to the router or a peer that wait for their answer, by message id. RPC calls have a table of their own. */
import { VolttronError } from '@volttron/vip'
import type { AgentPorts } from './ports.ts'

interface Waiting {
  /** For errors: `subscribe to 'devices'`. */
  readonly what: string
  readonly resolve: (args: Buffer[]) => void
  readonly reject: (error: Error) => void
  readonly cancelTimer: () => void
}

export class Requests {
  readonly #ports: AgentPorts
  readonly #waiting = new Map<string, Waiting>()

  constructor(ports: AgentPorts) {
    this.#ports = ports
  }

  /** Waits for the answer to `id`; rejects with `timeout` when it does not come. */
  wait(id: string, what: string, timeoutMs: number): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#ports.startTimer(
        () => this.fail(id, new VolttronError('timeout', `${what} was not answered within ${timeoutMs} ms`)),
        timeoutMs,
      )
      this.#waiting.set(id, { what, resolve, reject, cancelTimer })
    })
  }

  /** Gives the answer to whoever waits for it; `false` when nobody does. */
  settle(id: string, args: Buffer[]): boolean {
    const waiting = this.#take(id)
    waiting?.resolve(args)
    return waiting !== undefined
  }

  fail(id: string, error: Error): boolean {
    const waiting = this.#take(id)
    waiting?.reject(error)
    return waiting !== undefined
  }

  /** What the request with this id was for; `undefined` when there is none. */
  describe(id: string): string | undefined {
    return this.#waiting.get(id)?.what
  }

  failAll(reason: string): void {
    for (const [id, { what }] of this.#waiting)
      this.fail(id, new VolttronError('unavailable', `${what} failed: ${reason}`))
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.cancelTimer()
    return waiting
  }
}
