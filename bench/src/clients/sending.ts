/** The sending half of a client: as fast as it goes, at a steady rate, and round trips. */
import type { Connection } from './connection.ts'
import { monotonicMs, type Order } from './orders.ts'

type OrderTo<Do extends Order['do']> = Extract<Order, { do: Do }>

/** What a reading takes on the wire beside its text, so that it has about the bytes asked for. */
const READING_BYTES = 60
/** So many digits number the topics of one order. */
const TOPIC_DIGITS = 6

export async function publish(connection: Connection, order: OrderTo<'publish'>): Promise<void> {
  const { messages, json } = order
  const bytes = Buffer.alloc(order.bytes, 'x')
  const text = 'x'.repeat(Math.max(0, order.bytes - READING_BYTES))
  const topics = topicsOf(order)
  for (let sent = 0; sent < messages; ) {
    const topic = topics[sent % topics.length]!
    const isTaken = json
      ? connection.publishJson(topic, { sensor: 'zone-temperature', value: 21.5, text, sent })
      : connection.publish(topic, bytes)
    if (isTaken) sent++
    else await connection.writable()
  }
}

const topicsOf = ({ topic, topics = 1 }: OrderTo<'publish'>): string[] =>
  topics === 1
    ? [topic]
    : Array.from({ length: topics }, (_, number) => `${topic}-${String(number).padStart(TOPIC_DIGITS, '0')}`)

export async function pace(connection: Connection, order: OrderTo<'pace'>): Promise<void> {
  const startMs = monotonicMs()
  await new Promise<void>((resolve) => {
    let sent = 0
    const timer = setInterval(() => {
      const due = Math.min(order.messages, Math.floor(((monotonicMs() - startMs) * order.perSecond) / 1000))
      for (; sent < due; sent++) {
        // Stamped when it is sent: a message that is refused is stamped again at the next look.
        const body = Buffer.alloc(order.bytes)
        body.writeDoubleLE(monotonicMs(), 0)
        if (!connection.publish(order.topic, body)) return
      }
      if (sent < order.messages) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
}

export async function requestFor(
  connection: Connection,
  order: OrderTo<'request'>,
): Promise<{ requests: number; seconds: number }> {
  const body = 'x'.repeat(order.bytes)
  const startMs = monotonicMs()
  const endMs = startMs + order.durationMs
  let requests = 0
  const askOnAndOn = async () => {
    while (monotonicMs() < endMs) {
      if ((await connection.request(order.name, body)) !== body) throw new Error('a wrong answer came')
      requests++
    }
  }
  await Promise.all(Array.from({ length: order.inFlight }, askOnAndOn))
  return { requests, seconds: (monotonicMs() - startMs) / 1000 }
}
