/** The heart of every rate: publish as fast as it goes, count what arrives. */
import type { Answer } from '../clients/orders.ts'
import type { Client } from '../systems/system.ts'
import type { Effort, Figure, Unit } from './workload.ts'

export interface Stream {
  readonly publisher: Client
  /** Have subscribed to the topic. */
  readonly subscribers: readonly Client[]
  /** So many times each message is heard, over all subscribers. Default 1. */
  readonly copies?: number
  readonly topic: string
  readonly topics?: number
  readonly bytes: number
  readonly json: boolean
  /** Each publish waits for the answer to the one before. Default false. */
  readonly awaited?: boolean
}

export interface Rate {
  /** Heard, of all subscribers. */
  readonly perSecond: number
  readonly sent: number
  readonly lostPercent: number
}

/** Silence after which what is missing counts as lost. */
const LOST_MS = 2_000
const FIRST_PROBE = 500
/** A probe may be so many times as large as the one before. */
const MAX_GROWTH = 20
/** Rates that differ by no more than this part are alike. */
const STEADY = 0.05
const MAX_TIMES = 6

/** Warms everything up and finds out how many messages take as long as is wanted; then measures that many. */
export async function measureRate(stream: Stream, effort: Effort, onMeasure: () => void = () => {}): Promise<Rate> {
  const perSecond = await warmUp(stream, effort.warmUpSeconds)
  onMeasure()
  return await runOnce(stream, Math.ceil(perSecond * effort.rateSeconds))
}

/** Measures until two rates in a row are alike, because brokers get faster for a while; resolves to the last. */
export async function measureSteadyRate(stream: Stream, effort: Effort): Promise<Rate> {
  let last = await measureRate(stream, effort)
  for (let times = 1; times < MAX_TIMES; times++) {
    const rate = await measureRate(stream, effort)
    const isSteady = Math.abs(rate.perSecond / last.perSecond - 1) < STEADY
    last = rate
    if (isSteady) break
  }
  return last
}

/** Resolves to the messages per second of the last probe, which lasted long enough to say something. */
async function warmUp(stream: Stream, seconds: number): Promise<number> {
  for (let messages = FIRST_PROBE; ; ) {
    const { perSecond } = await runOnce(stream, messages)
    const messagesPerSecond = perSecond / (stream.copies ?? 1)
    const wanted = Math.ceil(messagesPerSecond * seconds)
    // Near enough: the rate still grows while compilers are at work.
    if (messages >= wanted * 0.7) return messagesPerSecond
    messages = Math.min(wanted, messages * MAX_GROWTH)
  }
}

/** One run of so many messages, from the first that is heard to the last. */
export async function runOnce(stream: Stream, messages: number): Promise<Rate> {
  const { publisher, subscribers, copies = 1, topic, topics = 1, bytes, json, awaited = false } = stream
  await Promise.all(subscribers.map((one) => one.ask({ do: 'listen', stamped: false }, 'listen')))
  const expected = messages * copies
  const hearing = Promise.all(
    subscribers.map((one) =>
      one.ask({ do: 'heard', messages: expected / subscribers.length, silenceMs: LOST_MS }, 'heard'),
    ),
  )
  const publishing = publisher.ask({ do: 'publish', topic, topics, messages, bytes, json, awaited }, 'publish')
  const [heard] = await Promise.all([hearing, publishing])
  return rateOf(heard, messages, expected)
}

export function rateOf(heard: readonly Heard[], sent: number, expected: number): Rate {
  const arrived = heard.reduce((total, { messages }) => total + messages, 0)
  if (arrived === 0) throw new Error(`none of ${sent} messages arrived`)
  const startMs = Math.min(...heard.map(({ firstAtMs }) => firstAtMs))
  const endMs = Math.max(...heard.map(({ firstAtMs, seconds }) => firstAtMs + seconds * 1000))
  // The first one starts the clock and is no part of the time.
  const perSecond = (Math.max(1, arrived - 1) / Math.max(1, endMs - startMs)) * 1000
  return { perSecond, sent, lostPercent: Math.max(0, (1 - arrived / expected) * 100) }
}

type Heard = Pick<Extract<Answer, { did: 'heard' }>, 'messages' | 'firstAtMs' | 'seconds'>

/** The rows of a rate; the one of what was lost is shown when there is any. */
export function rateFigures(workload: string, payload: string, unit: Unit, rate: Rate): Figure[] {
  return [
    { workload, payload, unit, value: rate.perSecond },
    { workload: `${workload}-lost`, payload, unit: '% lost', value: rate.lostPercent },
  ]
}
