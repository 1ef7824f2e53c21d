/** Log lines about calls that were denied: one a second for each caller, with a count of those between. */

export interface DenialLogOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

const EVERY_MS = 1_000
/** Callers remembered at a time; whoever is denied makes them up. */
const MAX_CALLERS = 1_000
const MAX_SHOWN = 100
const NOT_PRINTABLE = /[^\x20-\x7e]/g

interface Told {
  atMs: number
  untold: number
}

export class DenialLog {
  readonly #options: DenialLogOptions
  /** By caller; who was told last stands last. */
  readonly #told = new Map<string, Told>()

  constructor(options: DenialLogOptions) {
    this.#options = options
  }

  /** @param caller `<platform>/<identity>`; `callee` and `method` may hold anything */
  add(caller: string, callee: string, method: string): void {
    const { now, log } = this.#options
    const atMs = now()
    const told = this.#told.get(caller)
    if (told && atMs - told.atMs < EVERY_MS) {
      told.untold++
      return
    }
    log('remote-call-denied', { caller, callee, method: shown(method), more: told?.untold ?? 0 })
    this.#told.delete(caller)
    this.#told.set(caller, { atMs, untold: 0 })
    if (this.#told.size <= MAX_CALLERS) return
    const [oldest] = this.#told.keys()
    this.#told.delete(oldest!)
  }
}

const shown = (text: string): string => text.slice(0, MAX_SHOWN).replace(NOT_PRINTABLE, '?')
