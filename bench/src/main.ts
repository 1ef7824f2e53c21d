/** `npm run bench`: measures this product on this machine and prints one table. `--quick`, `--json`, `--rounds N`. */
import { parseArgs } from 'node:util'
import { eventually } from '@volttron/testkit'
import { Bench } from './bench.ts'
import { machine, summarize, table } from './report.ts'
import { type Figure, federated, idle, latency, type Sites, start } from './workloads.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, rounds: { type: 'string' } },
})
const quick = values.quick ?? false
const rounds = Number(values.rounds ?? (quick ? 2 : 5))
const say = (text: string) => process.stderr.write(`${text}\n`)

const bench = new Bench()
const figures: Figure[] = []
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void bench.cleanUp().then(() => process.exit(1)))
}
try {
  say('starting a registry, two platforms and two clients')
  const [a, b] = await bench.pair()
  const publisher = await bench.client(a, 'publisher')
  const subscriber = await bench.client(b, 'subscriber')
  await subscriber.ask({ do: 'subscribe', prefix: 'bench/', allPlatforms: true, decode: true }, 'subscribe')
  await eventually(
    async () => {
      const { stdout } = await bench.programs.vctl(a.home, 'federation', 'status', '--json')
      return (JSON.parse(stdout) as { interest_in: number }[]).some((row) => row.interest_in > 0)
    },
    { timeoutMs: 30_000, what: 'the platforms to know each other' },
  )
  const sites: Sites = { bench, a, b, publisher, subscriber, quick }
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`)
    figures.push(...(await federated(sites, 100, false)))
    figures.push(...(await federated(sites, 1024, false)))
    figures.push(...(await federated(sites, 100, true)))
    figures.push(...(await latency(sites, 1_000)))
    figures.push(...(await start(sites, round)))
  }
  figures.push(...(await idle(sites)))
  const results = summarize(figures)
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine: machine(), versions: { node: process.version }, results }, null, 2)}\n`
      : `${table(results)}\n`,
  )
} finally {
  await bench.cleanUp()
}
process.exit(0)
