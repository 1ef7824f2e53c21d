/** The document for machines, and what the machine is. */
import { cpus, totalmem } from 'node:os'
import type { SystemName } from '../systems/system.ts'
import type { Unit } from '../workloads/workload.ts'
import type { Row } from './summarize.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly os: string
}

/** One row for each workload, payload and system. Of latencies, `median`, `min` and `max` are those of `p50`. */
export interface Result {
  readonly workload: string
  readonly payload: string
  readonly system: SystemName
  readonly unit: Unit
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  /** Of latencies, in milliseconds: median over the rounds. */
  readonly p50?: number
  readonly p99?: number
  readonly p999?: number
}

export interface BenchDocument {
  /** When the run ended, ISO 8601. */
  readonly date: string
  readonly machine: Machine
  /** By system, and `node`. */
  readonly versions: Readonly<Record<string, string>>
  readonly results: readonly Result[]
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    os: `${process.platform} ${process.arch}`,
  }
}

export function resultOf({ percentiles, ...row }: Row): Result {
  const result = { ...row, median: rounded(row.median), min: rounded(row.min), max: rounded(row.max) }
  if (!percentiles) return result
  const { p50, p99, p999 } = percentiles
  return { ...result, p50: rounded(p50.median), p99: rounded(p99.median), p999: rounded(p999.median) }
}

/** More digits than any of these figures has a meaning for. */
const rounded = (value: number): number => Number(value.toPrecision(6))
