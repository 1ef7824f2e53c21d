/** Publisher and subscriber at one broker. */
import { untilHeard } from '../clients/first-delivery.ts'
import type { Pair } from '../systems/system.ts'
import { measureRate, rateFigures } from './rate.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

const BYTES = 100
const PAYLOAD = '100 B'
// Nobody forwards this one: mosquitto's bridge carries `bench/#`, whether it is wanted there or not.
const TOPIC = 'local/local'

export const local: SharedWorkload = {
  names: ['local'],
  payload: PAYLOAD,
  about: 'publisher and subscriber at the same broker',
  on: 'shared brokers',
  measure,
}

async function measure(pair: Pair, effort: Effort): Promise<Figure[]> {
  const subscriber = await pair.client(pair.a, 'local-subscriber')
  const publisher = await pair.client(pair.a, 'local-publisher')
  try {
    await subscriber.ask({ do: 'subscribe', topic: TOPIC, json: false }, 'subscribe')
    await untilHeard(publisher, subscriber, TOPIC)
    const rate = await measureRate(
      { publisher, subscribers: [subscriber], topic: TOPIC, bytes: BYTES, json: false },
      effort,
    )
    return rateFigures('local', PAYLOAD, 'msg/s', rate)
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}
