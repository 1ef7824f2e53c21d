/** How much processor time and memory each process uses, over the time since the last look. */
import type { ResourceUse } from './process-facts.ts'

interface Sample {
  readonly atMs: number
  readonly cpuSeconds: number
}

/** A shorter span says little: the system counts in hundredths of a second. */
const MIN_SPAN_MS = 500

export class ResourceWatch {
  readonly #look: (pid: number) => ResourceUse | undefined
  readonly #now: () => number
  /** The last sample, and the one before it. */
  readonly #samples = new Map<number, { readonly base: Sample; readonly percent: number | undefined }>()

  /** @param now monotonic milliseconds */
  constructor(look: (pid: number) => ResourceUse | undefined, now: () => number) {
    this.#look = look
    this.#now = now
  }

  /**
   * @param sinceMs when the process was started: the first look covers the time since then
   * @returns `undefined` when the process is gone, or the system does not tell
   */
  of(pid: number, sinceMs: number): { cpuPercent: number; memoryBytes: number } | undefined {
    const use = this.#look(pid)
    if (!use) {
      this.#samples.delete(pid)
      return undefined
    }
    const atMs = this.#now()
    const known = this.#samples.get(pid) ?? { base: { atMs: sinceMs, cpuSeconds: 0 }, percent: undefined }
    const spanMs = atMs - known.base.atMs
    const percent = spanMs > 0 ? (100_000 * (use.cpuSeconds - known.base.cpuSeconds)) / spanMs : 0
    if (known.percent !== undefined && spanMs < MIN_SPAN_MS) {
      return { cpuPercent: known.percent, memoryBytes: use.memoryBytes }
    }
    this.#samples.set(pid, { base: { atMs, cpuSeconds: use.cpuSeconds }, percent })
    return { cpuPercent: percent, memoryBytes: use.memoryBytes }
  }

  forget(pid: number): void {
    this.#samples.delete(pid)
  }
}
