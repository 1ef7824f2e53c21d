/** From two looks at the counters of all connections to rates. */
import type { ConnectionRow } from '@volttron/contracts'

export interface Snapshot {
  /** Monotonic milliseconds. */
  readonly takenAtMs: number
  readonly rows: readonly ConnectionRow[]
}

/** A connection with what went over it per second. */
export interface RatedConnection extends ConnectionRow {
  readonly messages_in_per_s: number
  readonly messages_out_per_s: number
  readonly bytes_in_per_s: number
  readonly bytes_out_per_s: number
}

/** Connections of the later look, the busiest first. A connection that is new, or was made anew, counts from nothing. */
export function ratesBetween(earlier: Snapshot, later: Snapshot): RatedConnection[] {
  const seconds = Math.max(0.001, (later.takenAtMs - earlier.takenAtMs) / 1000)
  const before = new Map(earlier.rows.map((row) => [row.identity, row]))
  return later.rows
    .map((row) => {
      const known = before.get(row.identity)
      const since = known && known.bytes_in <= row.bytes_in && known.bytes_out <= row.bytes_out ? known : undefined
      const perSecond = (counter: Counter) => (row[counter] - (since?.[counter] ?? 0)) / seconds
      return {
        ...row,
        messages_in_per_s: perSecond('messages_in'),
        messages_out_per_s: perSecond('messages_out'),
        bytes_in_per_s: perSecond('bytes_in'),
        bytes_out_per_s: perSecond('bytes_out'),
      }
    })
    .sort((one, other) => busyness(other) - busyness(one) || (one.identity < other.identity ? -1 : 1))
}

type Counter = 'messages_in' | 'messages_out' | 'bytes_in' | 'bytes_out'

const busyness = (row: RatedConnection): number => row.messages_in_per_s + row.messages_out_per_s
