/** Sizes and times of the SDK, with their units. */
import { VolttronError } from '@volttron/vip'

/** Largest body, bytes or JSON text together with its headers. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024
/** How long an answer of the router or of a peer may take. */
export const DEFAULT_TIMEOUT_MS = 30_000
/** How long the welcome may take: a router may first have to find out that our predecessor is dead. */
export const HELLO_TIMEOUT_MS = 15_000
/** How long `stop()` lets queued messages leave. */
export const STOP_FLUSH_MS = 1_000
/** Messages that wait for the platform: bytes, and how many. */
export const SEND_QUEUE_BYTES = 8 * 1024 * 1024
export const SEND_QUEUE_MESSAGES = 100_000

export function checkTimeout(timeoutMs: number, name = 'timeoutMs'): void {
  if (!(timeoutMs >= 0)) throw new VolttronError('usage', `${name} is a number of milliseconds, not ${timeoutMs}`)
}
