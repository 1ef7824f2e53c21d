/**
 * Publisher and subscriber at one platform, as Python agents are: with their frames, sent as fast as they go, and with
 * their own library. The processor time of the publisher says whether it or the platform is the limit.
 */
import { untilHeard } from '../clients/first-delivery.ts'
import { cpuSeconds } from '../systems/process-figures.ts'
import type { ClientOptions, Pair } from '../systems/system.ts'
import { measureRate, rateFigures } from './rate.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

interface Case {
  readonly name: 'classic' | 'classic-python'
  readonly payload: string
  readonly about: string
  readonly speaks: NonNullable<ClientOptions['speaks']>
  /** Each publish waits for the answer to the one before. */
  readonly awaited: boolean
}

const classicPair = (one: Case): SharedWorkload => ({
  names: [one.name],
  payload: one.payload,
  about: one.about,
  on: 'shared brokers',
  measure: (pair, effort) => measure(pair, effort, one),
})

export const classic = classicPair({
  name: 'classic',
  payload: '100 B JSON',
  about: 'publisher and subscriber at the same platform, both with the VIP1 frames of Python agents',
  speaks: 'frames of Python',
  awaited: false,
})

export const classicPython = [false, true].map((awaited) =>
  classicPair({
    name: 'classic-python',
    payload: awaited ? 'one at a time' : '64 in flight',
    about: 'publisher and subscriber at the same platform, both on the Python library',
    speaks: 'Python',
    awaited,
  }),
)

async function measure(pair: Pair, effort: Effort, { name, payload, speaks, awaited }: Case): Promise<Figure[]> {
  const topic = `local/${name}`
  const subscriber = await pair.client(pair.a, `${name}-subscriber`, { speaks })
  const publisher = await pair.client(pair.a, `${name}-publisher`, { speaks })
  try {
    await subscriber.ask({ do: 'subscribe', topic, json: true }, 'subscribe')
    await untilHeard(publisher, subscriber, topic, true)
    const stream = { publisher, subscribers: [subscriber], topic, bytes: 100, json: true, awaited }
    const used = () => [pair.a.pids, [publisher.pid]].map(cpuSeconds)
    let before: readonly number[] = []
    const rate = await measureRate(stream, effort, () => {
      before = used()
    })
    const [platform = 0, client = 0] = used().map((seconds, index) => ((seconds - before[index]!) / rate.sent) * 1e6)
    return [
      ...rateFigures(name, payload, 'msg/s', rate),
      { workload: `${name}-cpu`, payload, unit: 'CPU s per million', value: platform },
      { workload: `${name}-publisher-cpu`, payload, unit: 'CPU s per million', value: client },
    ]
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}
