/** One publisher at A, 50 subscribers at B, which are connections of one process. */
import { untilHeard } from '../clients/first-delivery.ts'
import type { Pair } from '../systems/system.ts'
import { measureRate, rateFigures } from './rate.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

const SUBSCRIBERS = 50
const TOPIC = 'bench/fan-out'
const NAME = 'fanout-50'
const PAYLOAD = '100 B'

export const fanOut: SharedWorkload = {
  names: [NAME],
  payload: PAYLOAD,
  about: 'one publisher at A, 50 subscribers at B (connections of one process), deliveries counted',
  on: 'shared brokers',
  measure,
}

async function measure(pair: Pair, effort: Effort): Promise<Figure[]> {
  const crowd = await pair.client(pair.b, 'crowd', { connections: SUBSCRIBERS })
  const publisher = await pair.client(pair.a, 'publisher')
  try {
    await crowd.ask({ do: 'connect', connections: SUBSCRIBERS }, 'connect')
    await crowd.ask({ do: 'subscribe', topic: TOPIC, json: false }, 'subscribe')
    await untilHeard(publisher, crowd, TOPIC)
    const stream = { publisher, subscribers: [crowd], copies: SUBSCRIBERS, topic: TOPIC, bytes: 100, json: false }
    return rateFigures(NAME, PAYLOAD, 'deliveries/s', await measureRate(stream, effort))
  } finally {
    await Promise.all([publisher.stop(), crowd.stop()])
  }
}
