/**
 * What one direction of a channel may still send. The reader allows a total since the start of the connection and raises
 * it as it consumes (the scheme of MAX_DATA in RFC 9000, section 4.1), so a lost or repeated grant does no harm.
 *
 * The window follows the reader's measured rate: 250 ms of it, at least 64 KiB, at most 2 MiB, which is less than the queue
 * of any reader behind. A slow reader therefore never has much under way, and an alarm does not wait behind bulk.
 */
import type { Credit } from '@volttron/vip'

const WINDOW_MS = 250
const MEASURE_MS = 50
const BYTES = { min: 64 * 1024, initial: 256 * 1024, max: 2 * 1024 * 1024 }
const RECORDS = { min: 1_024, initial: 8_192, max: 16_384 }

/** What a side grants before it has measured anything. */
export const INITIAL_CREDIT: Credit = { bytes: BYTES.initial, records: RECORDS.initial }

/** The reading side: decides when to grant more. */
export class CreditGrant {
  readonly #now: () => number
  readonly #bytes = new Allowance(BYTES)
  readonly #records = new Allowance(RECORDS)
  #measuredAt: number

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now
    this.#measuredAt = now()
  }

  /** Counts what was consumed; the new totals when the writer should hear of them. */
  consume(bytes: number, records: number): Credit | undefined {
    this.#bytes.consumed += bytes
    this.#records.consumed += records
    if (!this.#bytes.isLow && !this.#records.isLow) return undefined
    const elapsedMs = this.#now() - this.#measuredAt
    if (elapsedMs >= MEASURE_MS) {
      this.#bytes.measure(elapsedMs)
      this.#records.measure(elapsedMs)
      this.#measuredAt += elapsedMs
    }
    return { bytes: this.#bytes.grant(), records: this.#records.grant() }
  }
}

class Allowance {
  readonly #limits: { readonly min: number; readonly initial: number; readonly max: number }
  consumed = 0
  #granted: number
  #window: number
  #mark = 0

  constructor(limits: { min: number; initial: number; max: number }) {
    this.#limits = limits
    this.#window = limits.initial
    this.#granted = limits.initial
  }

  get isLow(): boolean {
    return this.#granted - this.consumed < this.#window / 2
  }

  measure(elapsedMs: number): void {
    const window = ((this.consumed - this.#mark) / elapsedMs) * WINDOW_MS
    this.#mark = this.consumed
    this.#window = Math.min(this.#limits.max, Math.max(this.#limits.min, window))
  }

  grant(): number {
    this.#granted = Math.max(this.#granted, Math.floor(this.consumed + this.#window))
    return this.#granted
  }
}

/** The writing side: may it send now? */
export class CreditBalance {
  #sentBytes = 0
  #sentRecords = 0
  #allowedBytes: number
  #allowedRecords: number

  constructor(initial: Credit) {
    this.#allowedBytes = initial.bytes
    this.#allowedRecords = initial.records
  }

  /**
   * False when the reader has to catch up first. What is packed but not sent counts too. A batch may overshoot the
   * allowance by one record, so that a record larger than the whole window still passes.
   */
  allows(packedBytes: number, packedRecords: number): boolean {
    return (
      this.#sentBytes + packedBytes < this.#allowedBytes && this.#sentRecords + packedRecords < this.#allowedRecords
    )
  }

  sent(bytes: number, records: number): void {
    this.#sentBytes += bytes
    this.#sentRecords += records
  }

  raise(bytes: number, records: number): void {
    if (bytes > this.#allowedBytes) this.#allowedBytes = bytes
    if (records > this.#allowedRecords) this.#allowedRecords = records
  }
}
