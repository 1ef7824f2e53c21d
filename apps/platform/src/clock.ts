/** The one place where the daemon asks what time it is. */
export const systemClock = {
  /** Milliseconds of a clock that never jumps. */
  monotonicMs: (): number => performance.now(),
  /** Milliseconds since 1970, for display and files. */
  unixMs: (): number => Date.now(),
  /** Runs `run` once after `delayMs`; returns how to prevent that. */
  setTimer(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
} as const
