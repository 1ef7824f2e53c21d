/** Ours against theirs, in words that cannot be misread. */
import { UNITS, type Unit } from '../workloads/workload.ts'
import { number } from './number.ts'

/** Closer than this is no difference. */
const SAME = 0.005

/** Ours divided by theirs, and whether that is good: `2.31 better`, `1.40 worse`, `1.00 equal`; `-` without a ratio. */
export function ratioText(ours: number, theirs: number, unit: Unit): string {
  const ratio = ours / theirs
  if (!Number.isFinite(ratio)) return '-'
  return `${number(ratio)} ${verdict(ratio, unit)}`
}

function verdict(ratio: number, unit: Unit): 'better' | 'worse' | 'equal' {
  if (Math.abs(ratio - 1) < SAME) return 'equal'
  return ratio > 1 === (UNITS[unit] === 'more') ? 'better' : 'worse'
}
