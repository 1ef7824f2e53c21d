/** Waiting for something another process does: asked again and again, because nobody tells us. */
import { setTimeout as pause } from 'node:timers/promises'

const POLL_INTERVAL_MS = 100

/** Asks until the answer is `true` or `timeoutMs` have passed. @returns the last answer */
export async function waitUntil(answer: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (await answer()) return true
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return false
    await pause(Math.min(POLL_INTERVAL_MS, leftMs))
  }
}
