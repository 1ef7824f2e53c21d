/** One way from A to B at a steady rate. The publisher looks at the clock each millisecond and stamps what is due. */
import { untilHeard } from '../clients/first-delivery.ts'
import type { Client, Pair } from '../systems/system.ts'
import type { Effort, Figure, Percentiles, SharedWorkload } from './workload.ts'

const BYTES = 100
const PAYLOAD = '100 B'
/** Ten thousand messages: before, the clients' engine still runs much of their code unoptimised, of whatever system. */
const WARM_UP = { perSecond: 5_000, seconds: 2 }
/** Silence after which what is missing counts as lost; above what a broker at its limit needs to catch up. */
const LOST_MS = 3_000

export const latency = (perSecond: number): SharedWorkload => {
  const name = `latency-${perSecond / 1000}k`
  return {
    names: [name],
    payload: PAYLOAD,
    about: `publisher at A, subscriber at B, ${perSecond.toLocaleString('en-US')} messages per second`,
    on: 'shared brokers',
    measure: (pair, effort) => measure(pair, effort, name, perSecond),
  }
}

async function measure(pair: Pair, effort: Effort, name: string, perSecond: number): Promise<Figure[]> {
  const topic = `bench/${name}`
  const subscriber = await pair.client(pair.b, 'subscriber')
  const publisher = await pair.client(pair.a, 'publisher')
  try {
    await subscriber.ask({ do: 'subscribe', topic, json: false }, 'subscribe')
    await untilHeard(publisher, subscriber, topic)
    await run(publisher, subscriber, topic, WARM_UP.perSecond, WARM_UP.seconds)
    const latenciesMs = await run(publisher, subscriber, topic, perSecond, effort.latencySeconds)
    const sent = Math.round(perSecond * effort.latencySeconds)
    const percentiles = percentilesOf(latenciesMs)
    return [
      { workload: name, payload: PAYLOAD, unit: 'ms', value: percentiles.p50, percentiles },
      {
        workload: `${name}-lost`,
        payload: PAYLOAD,
        unit: '% lost',
        value: Math.max(0, (1 - latenciesMs.length / sent) * 100),
      },
    ]
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}

async function run(
  publisher: Client,
  subscriber: Client,
  topic: string,
  perSecond: number,
  seconds: number,
): Promise<readonly number[]> {
  const messages = Math.round(perSecond * seconds)
  await subscriber.ask({ do: 'listen', stamped: true }, 'listen')
  const hearing = subscriber.ask({ do: 'heard', messages, silenceMs: LOST_MS }, 'heard')
  const pacing = publisher.ask({ do: 'pace', topic, messages, perSecond, bytes: BYTES }, 'pace')
  const [{ latenciesMs }] = await Promise.all([hearing, pacing])
  return latenciesMs
}

/** By nearest rank. @throws Error when there is nothing to rank */
export function percentilesOf(latenciesMs: readonly number[]): Percentiles {
  if (latenciesMs.length === 0) throw new Error('no stamped message arrived')
  const sorted = Float64Array.from(latenciesMs).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
