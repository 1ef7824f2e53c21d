/** Publisher at A, subscriber at B, one link; each a process of its own. At most once. */
import { untilHeard } from '../clients/first-delivery.ts'
import { cpuSeconds, peakMemoryMb, resetPeak } from '../systems/process-figures.ts'
import type { Pair } from '../systems/system.ts'
import { measureRate, rateFigures } from './rate.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

interface Case {
  readonly name: 'federated' | 'federated-json'
  readonly payload: string
  readonly bytes: number
  readonly json: boolean
}

export const federated = (one: Case): SharedWorkload => ({
  names: [one.name],
  payload: one.payload,
  about: 'publisher at A, subscriber at B, at most once; CPU and memory of both brokers',
  on: 'shared brokers',
  measure: (pair, effort) => measure(pair, effort, one),
})

async function measure(pair: Pair, effort: Effort, { name, payload, bytes, json }: Case): Promise<Figure[]> {
  const topic = `bench/${name}`
  const subscriber = await pair.client(pair.b, 'subscriber')
  const publisher = await pair.client(pair.a, 'publisher')
  try {
    await subscriber.ask({ do: 'subscribe', topic, json }, 'subscribe')
    await untilHeard(publisher, subscriber, topic, json)
    const pids = [...pair.a.pids, ...pair.b.pids]
    let cpuBefore = 0
    const stream = { publisher, subscribers: [subscriber], topic, bytes, json }
    const rate = await measureRate(stream, effort, () => {
      cpuBefore = cpuSeconds(pids)
      resetPeak(pids)
    })
    const cpuPerMillion = ((cpuSeconds(pids) - cpuBefore) / rate.sent) * 1e6
    return [
      ...rateFigures(name, payload, 'msg/s', rate),
      { workload: `${name}-cpu`, payload, unit: 'CPU s per million', value: cpuPerMillion },
      { workload: `${name}-memory`, payload, unit: 'MB', value: peakMemoryMb(pids) },
    ]
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}
