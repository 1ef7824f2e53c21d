/** 50 subscribers at B, one of which stops reading: its process is stopped by a signal. What the other 49 notice of it. */
import { untilHeard } from '../clients/first-delivery.ts'
import { peakMemoryMb, resetPeak } from '../systems/process-figures.ts'
import type { Pair } from '../systems/system.ts'
import { measureSteadyRate } from './rate.ts'
import type { Effort, Figure, OwnWorkload } from './workload.ts'

const NAME = 'stalled'
const TOPIC = 'bench/stalled'
const OTHERS = 49

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
    const before = await measureSteadyRate(stream, effort)
    process.kill(sleeper.pid, 'SIGSTOP')
    resetPeak(pair.b.pids)
    const after = await measureSteadyRate(stream, effort)
    return [
      { workload: NAME, payload: 'rate of the others', unit: '% of rate', value: percent(after, before) },
      { workload: NAME, payload: 'peak memory of B', unit: 'MB', value: peakMemoryMb(pair.b.pids) },
      { workload: `${NAME}-lost`, payload: 'of the others', unit: '% lost', value: after.lostPercent },
    ]
  } finally {
    // A stopped process would sleep through a polite request.
    process.kill(sleeper.pid, 'SIGKILL')
    await Promise.all([publisher, others, sleeper].map((client) => client.stop()))
  }
}

const percent = (after: { perSecond: number }, before: { perSecond: number }): number =>
  (after.perSecond / before.perSecond) * 100
