// Waiting for a condition with a deadline and a message that says what was waited for.
import { setTimeout as pause } from 'node:timers/promises'

const POLL_MS = 20

/** How long one condition may take before the demo gives up: far above what a loaded two-core machine needs. */
export const DEADLINE_MS = 30_000

/** Resolves with the first truthy answer of `ask`. @throws Error that names `what` at the deadline */
export async function until(what, ask, deadlineMs = DEADLINE_MS) {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`)
    await pause(POLL_MS)
  }
}

/** `work`, or an error that names `what` at the deadline. */
export async function within(what, work, deadlineMs = DEADLINE_MS) {
  const stop = new AbortController()
  const late = pause(deadlineMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`${what} took longer than ${deadlineMs / 1000} s`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    stop.abort()
  }
}
