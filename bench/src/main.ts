/** `npm run bench`: measures this product on this machine, beside its peers if wanted. `--help` says the rest. */
import { HELP, type Options, readOptions, UsageError } from './options.ts'
import { findParticipants } from './participants.ts'
import { type BenchDocument, machine, resultOf } from './report/document.ts'
import { save } from './report/save.ts'
import { summarize } from './report/summarize.ts'
import { textTable } from './report/table.ts'
import { Interrupted, Run } from './run.ts'

/** Exit code for a wrong option, of sysexits.h. */
const EX_USAGE = 64
const EX_INTERRUPTED = 130

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function bench(options: Options): Promise<void> {
  const participants = await findParticipants(options.systems, say)
  const run = new Run({ ...options, systems: participants.map(({ system }) => system), say })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A second signal ends it at once.
    process.once(signal, () => void run.abort())
  }
  const rows = summarize(await run.start())
  const versions = Object.fromEntries(participants.map(({ system, version }) => [system.name, version]))
  const document: BenchDocument = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { node: process.version.slice(1), ...versions },
    results: rows.map(resultOf),
  }
  const missing = options.workloads.filter((workload) => workload.on === 'nothing yet')
  const notes = missing.map(({ names, about }) => `${names.join(', ')}: ${about}.`)
  process.stdout.write(
    options.json ? `${JSON.stringify(document, null, 2)}\n` : `${[textTable(rows), ...notes].join('\n')}\n`,
  )
  if (options.save) say(`results are in ${save(document, rows, notes)}`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(HELP)
  else await bench(options)
} catch (error) {
  if (error instanceof UsageError) {
    say(`bench: ${error.message}`)
    process.exitCode = EX_USAGE
  } else if (error instanceof Interrupted) {
    process.exitCode = EX_INTERRUPTED
  } else throw error
}
