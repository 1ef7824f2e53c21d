/** Errors that may come by the thousand, such as refused writes: the first is told at once, then one a second with a count. */
import { VolttronError } from '@volttron/vip'
import type { Bus } from './bus.ts'

const EVERY_MS = 1_000

export class ErrorDigest {
  readonly #bus: Pick<Bus, 'ports' | 'report'>
  #toldAtMs = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(bus: Pick<Bus, 'ports' | 'report'>) {
    this.#bus = bus
  }

  add(error: VolttronError): void {
    const nowMs = this.#bus.ports.now()
    if (nowMs - this.#toldAtMs < EVERY_MS) {
      this.#untold++
      return
    }
    const more = this.#untold > 0 ? ` (and ${this.#untold} more errors like this before)` : ''
    this.#toldAtMs = nowMs
    this.#untold = 0
    const { code, message, hint } = error
    this.#bus.report(more === '' ? error : new VolttronError(code, message + more, hint === undefined ? {} : { hint }))
  }
}
