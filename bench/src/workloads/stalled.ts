/** 50 subscribers at B, one of which stops reading: its process is stopped by a signal. What the other 49 notice of it. */
import { untilHeard } from '../clients/first-delivery.ts'
import { spread } from '../report/summarize.ts'
import { peakMemoryMb, resetPeak } from '../systems/process-figures.ts'
import type { Pair } from '../systems/system.ts'
import { measureRate, measureSteadyRate, type Rate } from './rate.ts'
import type { Effort, Figure, OwnWorkload } from './workload.ts'

const NAME = 'stalled'
const TOPIC = 'bench/stalled'
const OTHERS = 49
/** So often the one stalls; in between it reads. */
const STALLS = 3

export const stalled: OwnWorkload = {
  names: [NAME],
  payload: '100 B',
  about: 'one of 50 subscribers at B stops reading: rate of the others relative to before, peak memory of B',
  on: 'own brokers',
  measure: async (launch, effort) => measure(await launch(), effort),
}

async function measure(pair: Pair, effort: Effort): Promise<Figure[]> {
  const others = await pair.client(pair.b, 'others', { connections: OTHERS })
  const sleeper = await pair.client(pair.b, 'sleeper')
  const publisher = await pair.client(pair.a, 'publisher')
  try {
    await others.ask({ do: 'connect', connections: OTHERS }, 'connect')
    for (const one of [others, sleeper]) await one.ask({ do: 'subscribe', topic: TOPIC, json: false }, 'subscribe')
    await untilHeard(publisher, others, TOPIC)
    const stream = { publisher, subscribers: [others], copies: OTHERS, topic: TOPIC, bytes: 100, json: false }
    // Warms everything up. Each stall is compared with what is measured right before and after it, because rates drift.
    const awake: Rate[] = [await measureSteadyRate(stream, effort)]
    const asleep: Rate[] = []
    resetPeak(pair.b.pids)
    for (let stall = 0; stall < STALLS; stall++) {
      process.kill(sleeper.pid, 'SIGSTOP')
      asleep.push(await measureRate(stream, effort))
      process.kill(sleeper.pid, 'SIGCONT')
      awake.push(await measureRate(stream, effort))
    }
    return [
      {
        workload: NAME,
        payload: 'rate of the others',
        unit: '% of rate',
        value: spread(relativeRates(asleep, awake)).median,
      },
      { workload: NAME, payload: 'peak memory of B', unit: 'MB', value: peakMemoryMb(pair.b.pids) },
      {
        workload: `${NAME}-lost`,
        payload: 'of the others',
        unit: '% lost',
        value: Math.max(...asleep.map(({ lostPercent }) => lostPercent)),
      },
    ]
  } finally {
    // A stopped process would sleep through a polite request.
    process.kill(sleeper.pid, 'SIGKILL')
    await Promise.all([publisher, others, sleeper].map((client) => client.stop()))
  }
}

/** Each rate in percent of the mean of its two neighbours: `others` has one more. */
export const relativeRates = (rates: readonly Rate[], others: readonly Rate[]): number[] =>
  rates.map(({ perSecond }, at) => (200 * perSecond) / (others[at]!.perSecond + others[at + 1]!.perSecond))
