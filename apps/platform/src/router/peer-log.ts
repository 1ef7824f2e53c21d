/**
 * Log lines about what peers do wrong: at most one a second for each peer, with a count of those between. So neither one peer
 * that goes on and on nor a crowd of them can fill a disk, and what is remembered is bounded.
 */

export interface PeerLogOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

const EVERY_MS = 1_000
/** Peers remembered at a time; so many lines a second at most. */
const MAX_PEERS = 1_000
const MAX_SHOWN = 100
const NOT_PRINTABLE = /[^\x20-\x7e]/g

interface Told {
  atMs: number
  untold: number
}

export class PeerLog {
  readonly #options: PeerLogOptions
  /** By peer; who was told of last stands last. */
  readonly #told = new Map<string, Told>()

  constructor(options: PeerLogOptions) {
    this.#options = options
  }

  /** @param peer an identity, or `<platform>/<identity>`; what a peer has written is to be {@link shown} */
  add(peer: string, event: string, fields: Readonly<Record<string, unknown>>): void {
    const { now, log } = this.#options
    const atMs = now()
    const told = this.#told.get(peer)
    if (told && atMs - told.atMs < EVERY_MS) {
      told.untold++
      return
    }
    if (!told && !this.#makeRoom(atMs)) return
    log(event, { ...fields, more: told?.untold ?? 0 })
    this.#told.delete(peer)
    this.#told.set(peer, { atMs, untold: 0 })
  }

  /** False when all that are remembered were told of within the last second. */
  #makeRoom(nowMs: number): boolean {
    if (this.#told.size < MAX_PEERS) return true
    const [[oldest, { atMs }]] = this.#told as unknown as [[string, Told]]
    if (nowMs - atMs < EVERY_MS) return false
    this.#told.delete(oldest)
    return true
  }
}

/** Text of a peer, fit for a log: short, and of printable ASCII only. */
export const shown = (text: string): string => text.slice(0, MAX_SHOWN).replace(NOT_PRINTABLE, '?')
