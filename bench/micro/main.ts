/** `npm run micro -w bench`: what the smallest steps of a message cost, as a table or, with `--json`, as one document. */
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { Bench } from 'tinybench'
import { codecSubjects } from './codec.ts'
import { jsonSubjects } from './json.ts'
import { planSubjects } from './plans.ts'
import { prefixSubjects } from './prefixes.ts'
import type { Subject } from './subject.ts'

/** The shape of every benchmark's rows. */
interface Result {
  readonly workload: string
  readonly payload: string
  readonly system: 'volttron-ts'
  readonly unit: 'ns/op'
  readonly median: number
  readonly min: number
  /** The 99th percentile: the very longest is a garbage collection or another process. */
  readonly max: number
  readonly rounds: number
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } })
const timeMs = values.quick ? 50 : 400

const results: Result[] = []
// Group by group, so that the tables of one do not weigh on the collector while another is measured.
for (const subjects of [codecSubjects, jsonSubjects, planSubjects, prefixSubjects]) {
  for (const each of subjects()) results.push(measure(each))
}
process.stdout.write(values.json ? `${JSON.stringify(report(), null, 2)}\n` : `${table()}\n`)

function measure(subject: Subject): Result {
  let kept = 0
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 2, iterations: 20, retainSamples: false, throws: true })
  bench.add(subject.workload, () => {
    kept += subject.run()
  })
  bench.runSync()
  if (!Number.isFinite(kept)) throw new Error(`${subject.workload} did nothing`)
  const [task] = bench.tasks
  if (task?.result.state !== 'completed') throw new Error(`${subject.workload} was not measured`)
  const { latency } = task.result
  const nanoseconds = (milliseconds: number) => (milliseconds * 1e6) / subject.operations
  return {
    workload: subject.workload,
    payload: subject.payload,
    system: 'volttron-ts',
    unit: 'ns/op',
    median: nanoseconds(latency.p50),
    min: nanoseconds(latency.min),
    max: nanoseconds(latency.p99),
    rounds: latency.samplesCount,
  }
}

function report(): object {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryGb: Math.round(totalmem() / 1e9) }
  return { machine, versions: { node: process.version }, results }
}

function table(): string {
  const rows = [['what', 'of', 'ns/op', 'min', 'p99', 'rounds']]
  for (const { workload, payload, median, min, max, rounds } of results) {
    rows.push([workload, payload, ...[median, min, max].map(figure), String(rounds)])
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const cell = (text: string, column: number) =>
    column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)
}
