/** The table for people: a row for each workload, payload and system, the rows of one workload together, ours first. */
import { OURS, SYSTEM_NAMES } from '../systems/system.ts'
import type { Percentiles } from '../workloads/workload.ts'
import { number } from './number.ts'
import { ratioText } from './ratio.ts'
import type { Row, Spread } from './summarize.ts'

const HEAD = ['workload', 'payload', 'system', 'median', 'min - max', 'unit', 'rounds']
/** Only where there is a peer. */
const RATIO_HEAD = 'ours / theirs: ours is'

const PERCENTILES: readonly (readonly [keyof Percentiles, string])[] = [
  ['p50', 'p50'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
]

/** Lines of equal columns, for a terminal. */
export function textTable(rows: readonly Row[]): string {
  const lines = cells(rows)
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function markdownTable(rows: readonly Row[]): string {
  const [head, ...body] = cells(rows)
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  return [line(head!), line(head!.map(() => '---')), ...body.map(line)].join('\n')
}

/** The head, then one line for each row; each percentile of a latency has its own. */
export function cells(rows: readonly Row[]): string[][] {
  const lines = grouped(rows.flatMap(apart))
  const hasPeers = lines.some(({ system }) => system !== OURS)
  const body = lines.map((row) => {
    const { workload, payload, system, median, min, max, unit, rounds } = row
    const line = [workload, payload, system, number(median), `${number(min)} - ${number(max)}`, unit, String(rounds)]
    return hasPeers ? [...line, ratioTo(row, lines)] : line
  })
  return [hasPeers ? [...HEAD, RATIO_HEAD] : HEAD, ...body]
}

function ratioTo(theirs: Row, rows: readonly Row[]): string {
  if (theirs.system === OURS) return ''
  const ours = rows.find((row) => row.system === OURS && sameCase(row, theirs))
  return ours ? ratioText(ours.median, theirs.median, theirs.unit) : ''
}

/** A latency becomes three rows. */
function apart(row: Row): Row[] {
  const { percentiles, ...rest } = row
  if (!percentiles) return [row]
  return PERCENTILES.map(([key, name]): Row => {
    const spread: Spread = percentiles[key]
    return { ...rest, ...spread, workload: `${row.workload} ${name}` }
  })
}

/** Rows of the same case side by side, cases in the order of their first row, systems in theirs. */
function grouped(rows: readonly Row[]): Row[] {
  const cases: Row[][] = []
  for (const row of rows) {
    const same = cases.find((group) => sameCase(group[0]!, row))
    if (same) same.push(row)
    else cases.push([row])
  }
  return cases.flatMap((group) => SYSTEM_NAMES.flatMap((name) => group.filter(({ system }) => system === name)))
}

const sameCase = (one: Row, other: Row): boolean =>
  one.workload === other.workload && one.payload === other.payload && one.unit === other.unit
