/** Publisher and subscriber at one broker: ours by the SDK, or by VIP1 as Python agents speak it. */
import { untilHeard } from '../clients/first-delivery.ts'
import type { Pair } from '../systems/system.ts'
import { measureRate, rateFigures } from './rate.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

interface Case {
  readonly name: 'local' | 'classic'
  readonly payload: string
  readonly about: string
  readonly json: boolean
}

const atOneBroker = (one: Case): SharedWorkload => ({
  names: [one.name],
  payload: one.payload,
  about: one.about,
  on: 'shared brokers',
  measure: (pair, effort) => measure(pair, effort, one),
})

export const local = atOneBroker({
  name: 'local',
  payload: '100 B',
  about: 'publisher and subscriber at the same broker',
  json: false,
})

export const classic = atOneBroker({
  name: 'classic',
  payload: '100 B JSON',
  about: 'publisher and subscriber at the same platform, both with the VIP1 frames of Python agents',
  json: true,
})

async function measure(pair: Pair, effort: Effort, { name, payload, json }: Case): Promise<Figure[]> {
  // Nobody forwards this one: mosquitto's bridge carries `bench/#`, whether it is wanted there or not.
  const topic = `local/${name}`
  const options = { classic: name === 'classic' }
  const subscriber = await pair.client(pair.a, `${name}-subscriber`, options)
  const publisher = await pair.client(pair.a, `${name}-publisher`, options)
  try {
    await subscriber.ask({ do: 'subscribe', topic, json }, 'subscribe')
    await untilHeard(publisher, subscriber, topic, json)
    const rate = await measureRate({ publisher, subscribers: [subscriber], topic, bytes: 100, json }, effort)
    return rateFigures(name, payload, 'msg/s', rate)
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}
