/** The end of a platform: what it has accepted gets a moment to leave. */
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from './clock.ts'

/** A peer that does not read must not hold up the end. */
const DRAIN_MS = 1_000
const LOOK_AGAIN_MS = 5

/** Waits until nothing is queued any more, or the time is up. */
export async function drain(queuedBytes: () => number, timeoutMs = DRAIN_MS): Promise<void> {
  const untilMs = systemClock.monotonicMs() + timeoutMs
  while (queuedBytes() > 0 && systemClock.monotonicMs() < untilMs) await delay(LOOK_AGAIN_MS)
}
