/** Is there a way from one client to another yet? */
import type { Client } from '../systems/system.ts'
import { monotonicMs } from './orders.ts'

const PROBE_MS = 50
const PATIENCE_MS = 30_000
/** Probes that were late have arrived after so long a silence. */
const SILENCE_MS = 60

/**
 * Publishes under `topic` until `subscriber`, which has subscribed to it, hears something; resolves when it has heard all.
 *
 * @throws Error after 30 s
 */
export async function untilHeard(publisher: Client, subscriber: Client, topic: string, json = false): Promise<void> {
  await subscriber.ask({ do: 'listen', stamped: false }, 'listen')
  const deadlineMs = monotonicMs() + PATIENCE_MS
  for (;;) {
    await publisher.ask({ do: 'publish', topic, messages: 1, bytes: 100, json }, 'publish')
    const { messages } = await subscriber.ask({ do: 'heard', messages: 1, silenceMs: PROBE_MS }, 'heard')
    if (messages > 0) break
    if (monotonicMs() > deadlineMs) throw new Error(`nothing published under '${topic}' arrives`)
  }
  await subscriber.ask({ do: 'heard', messages: Number.MAX_SAFE_INTEGER, silenceMs: SILENCE_MS }, 'heard')
}
