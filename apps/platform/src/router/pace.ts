/**
 * Which reader of somebody's records is behind, so that its author can be held back. One reader among several is waited for
 * a moment only: what it misses after that is its own loss. When most of a group are behind, it is the author who is too fast.
 */

/** Somebody records go to. */
export interface Reader {
  /** Much waits for it, and it is working on it. */
  readonly isCongested: boolean
  /** It stands for several readers, most of whom are behind when it is. */
  readonly isGroup?: boolean
}

/** So long a single reader is waited for since a record was last found waiting. */
const SINGLE_MS = 100

/** Of one author, or of one platform. */
export class Pace {
  #behind: Reader | undefined
  #notedMs = 0

  /** @param nowMs monotonic milliseconds, as below */
  note(reader: Reader, nowMs: number): void {
    if (this.#behind?.isGroup && !reader.isGroup) return
    this.#behind = reader
    this.#notedMs = nowMs
  }

  /** Somebody is behind who is waited for. */
  isHeldBack(nowMs: number): boolean {
    const reader = this.#behind
    if (!reader) return false
    if (reader.isCongested && (reader.isGroup || nowMs - this.#notedMs < SINGLE_MS)) return true
    this.#behind = undefined
    return false
  }
}
