/** From the figures of all rounds to one row for each workload, payload and system. */
import type { SystemName } from '../systems/system.ts'
import { FAULTS, type Figure, type Percentiles, type Unit } from '../workloads/workload.ts'

/** A figure and whose it is. */
export type Measured = Figure & { readonly system: SystemName }

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Row extends Spread {
  readonly workload: string
  readonly payload: string
  readonly system: SystemName
  readonly unit: Unit
  readonly rounds: number
  /** Of latencies: the spread of each percentile over the rounds. */
  readonly percentiles?: Readonly<Record<keyof Percentiles, Spread>>
}

/** Rows in the order in which their first figures came. Faults that did not happen have no row. */
export function summarize(figures: readonly Measured[]): Row[] {
  const groups = new Map<string, Measured[]>()
  for (const figure of figures) {
    const key = JSON.stringify([figure.workload, figure.payload, figure.system, figure.unit])
    const group = groups.get(key)
    if (group) group.push(figure)
    else groups.set(key, [figure])
  }
  return [...groups.values()].map(rowOf).filter((row) => !(FAULTS.includes(row.unit) && row.max === 0))
}

function rowOf(group: readonly Measured[]): Row {
  const { workload, payload, system, unit } = group[0]!
  const row = { workload, payload, system, unit, ...spread(group.map(({ value }) => value)), rounds: group.length }
  const percentiles = group.flatMap((figure) => figure.percentiles ?? [])
  if (percentiles.length === 0) return row
  const of = (name: keyof Percentiles) => spread(percentiles.map((one) => one[name]))
  return { ...row, percentiles: { p50: of('p50'), p99: of('p99'), p999: of('p999') } }
}

/** @param values at least one */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other)
  const half = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
