/** Sizes and times of the SDK, with their units. */
import { VolttronError } from '@volttron/vip'

/** Room for what shares a ZeroMQ frame with a message: batch, names, record heads. */
const FRAME_OVERHEAD_BYTES = 128 * 1024
/** Largest message, headers included: a frame of more than 16 MiB would cost the connection. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024 - FRAME_OVERHEAD_BYTES
/** How long an answer of the router or of a peer may take. */
export const DEFAULT_TIMEOUT_MS = 30_000
/** How long the welcome may take: a router may first have to find out that our predecessor is dead. */
export const HELLO_TIMEOUT_MS = 15_000
/** How long `stop()` lets queued messages leave. */
export const STOP_FLUSH_MS = 1_000
/** Messages that wait for the platform: bytes, and how many. */
export const SEND_QUEUE_BYTES = 8 * 1024 * 1024
export const SEND_QUEUE_MESSAGES = 100_000

/** @throws VolttronError `usage` when `what` is larger than a platform takes */
export function checkSize(bytes: number, what: string): void {
  if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(bytes, what)
}

/** The error of {@link checkSize}, for callers that name `what` only when it is needed. */
export const tooLarge = (bytes: number, what: string): VolttronError =>
  new VolttronError('usage', `${what} has ${bytes} bytes`, {
    hint: `at most ${MAX_MESSAGE_BYTES} are allowed: send it in parts`,
  })

export function checkTimeout(timeoutMs: number, name = 'timeoutMs'): void {
  if (!(timeoutMs >= 0)) throw new VolttronError('usage', `${name} is a number of milliseconds, not ${timeoutMs}`)
}
