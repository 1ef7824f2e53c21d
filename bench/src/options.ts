/** The words after `npm run bench --`. */
import { parseArgs } from 'node:util'
import { OURS, SYSTEM_NAMES, type SystemName } from './systems/system.ts'
import { workloads as allWorkloads } from './workloads/index.ts'
import type { Effort, Workload } from './workloads/workload.ts'

export interface Options {
  /** Ours, and the peers that were asked for. */
  readonly systems: readonly SystemName[]
  readonly workloads: readonly Workload[]
  readonly rounds: number
  readonly effort: Effort
  readonly json: boolean
  readonly save: boolean
}

/** The command line cannot be understood; the message is one line. */
export class UsageError extends Error {}

const PEERS = SYSTEM_NAMES.filter((name) => name !== OURS)
const ALL_PEERS = 'all'

const NORMAL: Effort = { rateSeconds: 3, warmUpSeconds: 1, latencySeconds: 6, settleMs: 500 }
const QUICK: Effort = { rateSeconds: 1, warmUpSeconds: 0.4, latencySeconds: 2, settleMs: 200 }
const NORMAL_ROUNDS = 3
const QUICK_ROUNDS = 2
const MAX_ROUNDS = 1_000

export const HELP = `Usage: npm run bench -- [options]

Measures this machine: two brokers with one link, and clients in processes of their own. Progress goes to stderr.

Options:
  --peers [NAMES]      race the peers too, all or some (${PEERS.join(',')});
                       missing ones are installed first
  --workloads NAMES    only these, separated by commas
  --rounds N           default ${NORMAL_ROUNDS}, or ${QUICK_ROUNDS} with --quick
  --quick              shorter measurements; with all peers less than 12 minutes
  --json               print one JSON document instead of the table
  --save               write the results to bench/results
  -h, --help           print this help and stop

Workloads:
${descriptions()}
`

/** @returns `help` when that is asked for @throws UsageError */
export function readOptions(argv: readonly string[]): Options | 'help' {
  const values = parse(argv)
  if (values.help) return 'help'
  const quick = values.quick ?? false
  return {
    systems: [OURS, ...(values.peers === undefined ? [] : chosenPeers(values.peers))],
    workloads: values.workloads === undefined ? allWorkloads : chosenWorkloads(values.workloads),
    rounds: values.rounds === undefined ? (quick ? QUICK_ROUNDS : NORMAL_ROUNDS) : roundsOf(values.rounds),
    effort: quick ? QUICK : NORMAL,
    json: values.json ?? false,
    save: values.save ?? false,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: withPeersNamed(argv),
      allowPositionals: false,
      options: {
        peers: { type: 'string' },
        workloads: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        save: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    // Node explains at length how to escape a dash; the first sentence says what is wrong.
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(message.split('. ')[0]!.split('\n')[0]!)
  }
}

/** The names after `--peers` may be missing, which parseArgs does not know of any option. */
const withPeersNamed = (argv: readonly string[]): string[] =>
  argv.map((word, index) => {
    const next = argv[index + 1]
    const isAlone = word === '--peers' && (next === undefined || next.startsWith('-'))
    return isAlone ? `--peers=${ALL_PEERS}` : word
  })

function chosenPeers(text: string): readonly SystemName[] {
  if (text === ALL_PEERS) return PEERS
  const names = text.split(',')
  for (const name of names) {
    if (!PEERS.some((peer) => peer === name)) throw unknown('peer', name, PEERS)
  }
  return PEERS.filter((name) => names.includes(name))
}

function chosenWorkloads(text: string): readonly Workload[] {
  const names = text.split(',')
  const known = allWorkloads.flatMap((workload) => workload.names)
  for (const name of names) if (!known.includes(name)) throw unknown('workload', name, [...new Set(known)])
  return allWorkloads.filter((workload) => workload.names.some((name) => names.includes(name)))
}

function roundsOf(text: string): number {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= MAX_ROUNDS) return rounds
  throw new UsageError(`--rounds takes a whole number from 1 to ${MAX_ROUNDS}, not '${text}'`)
}

const unknown = (what: string, name: string, known: readonly string[]): UsageError =>
  new UsageError(`no such ${what}: '${name}'; there are ${known.join(', ')}`)

function descriptions(): string {
  const about = new Map(allWorkloads.map((workload) => [workload.names.join(', '), workload.about]))
  return [...about].map(([name, text]) => `  ${name.padEnd(19)}  ${text}`).join('\n')
}
