/**
 * A subscriber at B with 100 prefixes, with 100,000, and with 100 again; the publisher at A is the same, and its topics match
 * exactly one prefix each in all cases. What the many cost in memory and speed, and when the other platform knows them all.
 */
import { eventually } from '@volttron/testkit'
import { untilHeard } from '../clients/first-delivery.ts'
import { monotonicMs } from '../clients/orders.ts'
import { memoryMb } from '../systems/process-figures.ts'
import type { Pair } from '../systems/system.ts'
import { measureSteadyRate, type Rate } from './rate.ts'
import type { Effort, Figure, OwnWorkload } from './workload.ts'

const NAME = 'prefixes-100k'
const MANY = 100_000
const FEW = 100
/** `bench/few-000042` matches `bench/few-0000`, one of a hundred; `bench/many-000042` matches itself only. */
const FEW_DIGITS = 4
const MANY_DIGITS = 6
/** Topics the publisher goes around; the few prefixes cover them as the many do. */
const TOPICS = 10_000
const SYNCHRONISED_MS = 60_000

export const prefixes: OwnWorkload = {
  names: [NAME],
  payload: '',
  about: '100,000 prefixes at B: memory added, rate relative to 100 prefixes, time until A knows them all',
  on: 'own brokers',
  measure: async (launch, effort) => measure(await launch(), effort),
}

async function measure(pair: Pair, effort: Effort): Promise<Figure[]> {
  const fewBefore = await rateWith(pair, effort, 'few', FEW, FEW_DIGITS)
  const before = { a: memoryMb(pair.a.pids), b: memoryMb(pair.b.pids) }
  let seconds = 0
  let added = { a: 0, b: 0 }
  const many = await rateWith(pair, effort, 'many', MANY, MANY_DIGITS, async (startMs) => {
    await eventually(async () => ((await pair.interests?.(pair.a)) ?? MANY) >= MANY, {
      timeoutMs: SYNCHRONISED_MS,
      what: `${pair.a.name} to know of ${MANY} prefixes`,
    })
    seconds = (monotonicMs() - startMs) / 1000
    added = { a: memoryMb(pair.a.pids) - before.a, b: memoryMb(pair.b.pids) - before.b }
  })
  // Brokers get faster as they warm up: the better of the two is the fair measure.
  const fewAfter = await rateWith(pair, effort, 'few', FEW, FEW_DIGITS)
  const few = Math.max(fewBefore.perSecond, fewAfter.perSecond)
  return [
    { workload: NAME, payload: 'rate', unit: '% of rate', value: (many.perSecond / few) * 100 },
    { workload: NAME, payload: 'memory added at B', unit: 'MB', value: added.b },
    { workload: NAME, payload: 'memory added at A', unit: 'MB', value: added.a },
    { workload: NAME, payload: 'known to A', unit: 's', value: seconds },
  ]
}

/** Rate with so many prefixes; `onSubscribed` is called when all are in place at B. */
async function rateWith(
  pair: Pair,
  effort: Effort,
  word: string,
  subscriptions: number,
  digits: number,
  onSubscribed: (startMs: number) => Promise<void> = async () => {},
): Promise<Rate> {
  const topic = `bench/${word}`
  const subscriber = await pair.client(pair.b, `subscriber-${word}`)
  const publisher = await pair.client(pair.a, `publisher-${word}`)
  try {
    const startMs = monotonicMs()
    await subscriber.ask({ do: 'subscribe-many', prefix: `${topic}-`, subscriptions, digits }, 'subscribe-many')
    await onSubscribed(startMs)
    await untilHeard(publisher, subscriber, `${topic}-${'0'.repeat(MANY_DIGITS)}`)
    return await measureSteadyRate(
      { publisher, subscribers: [subscriber], topic, topics: TOPICS, bytes: 100, json: false },
      effort,
    )
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
  }
}
