/** What a workload is to the run: a name, and a measurement that gives figures. */
import type { Pair, System } from '../systems/system.ts'

/** One thing measured once. */
export interface Figure {
  readonly workload: string
  /** What travels, or which case of the workload this is. */
  readonly payload: string
  readonly unit: Unit
  /** The figure; of latencies the 50th percentile. */
  readonly value: number
  /** Of latencies. */
  readonly percentiles?: Percentiles
}

export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Every unit, and whether more of it is better. */
export const UNITS = {
  'msg/s': 'more',
  'deliveries/s': 'more',
  'round trips/s': 'more',
  '% of rate': 'more',
  ms: 'less',
  s: 'less',
  MB: 'less',
  'CPU s per million': 'less',
  '% lost': 'less',
  misattributed: 'less',
  'failed starts': 'less',
} as const

export type Unit = keyof typeof UNITS

/** Rows of these units are left out when they are zero in every round: they show that something went wrong. */
export const FAULTS: readonly Unit[] = ['% lost', 'misattributed', 'failed starts']

/** How long things are measured. */
export interface Effort {
  /** One measurement of a rate. */
  readonly rateSeconds: number
  /** Before it, in the same processes. */
  readonly warmUpSeconds: number
  /** One measurement of latency. */
  readonly latencySeconds: number
  /** Between two measurements, for the machine to come to rest. */
  readonly settleMs: number
}

interface Described {
  /** The rows it gives; any of them selects it. */
  readonly names: readonly string[]
  /** Which case of it. */
  readonly payload: string
  /** One line for `--help` and for the progress. */
  readonly about: string
}

/** Measured on brokers that serve one such workload after the other. */
export interface SharedWorkload extends Described {
  readonly on: 'shared brokers'
  measure(pair: Pair, effort: Effort): Promise<Figure[]>
}

/** Starts brokers of its own, because what it does to them, or their start, is the point. */
export interface OwnWorkload extends Described {
  readonly on: 'own brokers'
  /** @param launch starts a pair, which the caller ends */
  measure(launch: () => Promise<Pair>, effort: Effort, system: System): Promise<Figure[]>
}

/** A row that nothing gives yet. */
export interface MissingWorkload extends Described {
  readonly on: 'nothing yet'
}

export type Workload = SharedWorkload | OwnWorkload | MissingWorkload
