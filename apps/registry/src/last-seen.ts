/**
 * When each platform was last seen. A platform that registers again with the same data is seen; that is kept in memory
 * and written in batches, so that ten thousand platforms are a few statements each period and no storm of writes.
 * A kill loses at most one period.
 */

import type { Logger } from '@volttron/observe'
import type { Client } from './database/client.ts'
import { timestamp } from './timestamp.ts'

const FLUSH_PERIOD_MS = 5_000
/** Ids in one statement; below the limits of parameters of both databases. */
const BATCH = 500

export class LastSeen {
  readonly #client: Client
  readonly #logger: Logger
  #pending = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined

  constructor(client: Client, logger: Logger) {
    this.#client = client
    this.#logger = logger
  }

  /** Notes that the platform was seen now. */
  note(id: string): void {
    this.#pending.set(id, timestamp())
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_PERIOD_MS)
  }

  /** The later of what is stored and what was noted since. */
  of(id: string, stored: string): string {
    const noted = this.#pending.get(id)
    return noted !== undefined && noted > stored ? noted : stored
  }

  /** Writes what was noted. A failure is logged and the notes are dropped: they come again with the next sign of life. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const ids = [...this.#pending.keys()]
    const lastSeen = timestamp()
    try {
      for (let at = 0; at < ids.length; at += BATCH) {
        const batch = ids.slice(at, at + BATCH)
        await this.#client.platform.updateMany({ where: { id: { in: batch } }, data: { lastSeen } })
      }
    } catch (error) {
      this.#logger.warn({ event: 'last-seen-not-written', platforms: ids.length, err: error })
    }
    for (const id of ids) if ((this.#pending.get(id) ?? '') <= lastSeen) this.#pending.delete(id)
  }
}
