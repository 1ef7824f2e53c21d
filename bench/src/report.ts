/** Medians and spreads, as a table for people or one JSON document for machines. */
import { cpus, totalmem } from 'node:os'
import type { Figure } from './workloads.ts'

export interface Result {
  readonly workload: string
  readonly payload: string
  readonly system: 'volttron-ts'
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
}

export function summarize(figures: readonly Figure[]): Result[] {
  const groups = new Map<string, Figure[]>()
  for (const figure of figures) {
    const key = `${figure.workload}|${figure.payload}|${figure.unit}`
    groups.set(key, [...(groups.get(key) ?? []), figure])
  }
  return [...groups.values()].map((group) => {
    const values = group.map(({ value }) => value).sort((one, other) => one - other)
    const { workload, payload, unit } = group[0]!
    const median = values[Math.floor(values.length / 2)]!
    return {
      workload,
      payload,
      system: 'volttron-ts',
      unit,
      median,
      min: values[0]!,
      max: values.at(-1)!,
      rounds: values.length,
    }
  })
}

export const machine = (): object => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.version,
})

export function table(results: readonly Result[]): string {
  const rows = [['workload', 'payload', 'median', 'min - max', 'unit', 'rounds']]
  for (const { workload, payload, median, min, max, unit, rounds } of results) {
    rows.push([workload, payload, figure(median), `${figure(min)} - ${figure(max)}`, unit, String(rounds)])
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function figure(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en-US')
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
