/**
 * A client of the benchmark, as a process of its own: publishes or counts at the order of the main process. Times are of
 * CLOCK_MONOTONIC, which all processes of a machine share.
 */
import { Agent } from '@volttron/agent'

export type Order =
  | { readonly do: 'subscribe'; readonly prefix: string; readonly allPlatforms: boolean; readonly decode: boolean }
  /** Answers `counted` once so many messages have come. */
  | { readonly do: 'count'; readonly messages: number }
  /** Answers `latencies` once so many messages have come that carry their time of sending. */
  | { readonly do: 'measure'; readonly messages: number }
  | {
      readonly do: 'publish'
      readonly topic: string
      readonly messages: number
      readonly bytes: number
      readonly json: boolean
    }
  /** Sends at a steady rate, with the time of sending in the body. */
  | {
      readonly do: 'pace'
      readonly topic: string
      readonly messages: number
      readonly perSecond: number
      readonly bytes: number
    }

export type Answer =
  | { readonly did: 'start' | 'subscribe' | 'publish' | 'pace' }
  | { readonly did: 'count'; readonly seconds: number; readonly messages: number }
  | { readonly did: 'measure'; readonly latenciesMs: number[] }

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6
const answer = (what: Answer): void => void process.send!(what)

const [identity = '', volttronHome = ''] = process.argv.slice(2)
const agent = new Agent({ identity, volttronHome, sendQueueBytes: 4 * 1024 * 1024 })
await agent.start()

let onMessage: (body: unknown) => void = () => {}

process.on('message', (order: Order) => {
  carryOut(order).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
process.on('disconnect', () => process.exit(0))
answer({ did: 'start' })

async function carryOut(order: Order): Promise<void> {
  switch (order.do) {
    case 'subscribe':
      await agent.vip.pubsub.subscribe({
        prefix: order.prefix,
        allPlatforms: order.allPlatforms,
        callback: (_peer, _sender, _bus, _topic, _headers, message) => onMessage(message),
      })
      return answer({ did: 'subscribe' })
    case 'count':
      return count(order.messages)
    case 'measure':
      return measure(order.messages)
    case 'publish':
      await publish(order)
      return answer({ did: 'publish' })
    case 'pace':
      await pace(order)
      return answer({ did: 'pace' })
  }
}

/** Silence after which what is missing counts as lost. */
const LOST_MS = 1_000

/** From the first message to the last, so that connecting does not count. */
function count(messages: number): void {
  let seen = 0
  let firstMs = 0
  let lastMs = 0
  const finish = () => {
    clearInterval(watch)
    onMessage = () => {}
    answer({ did: 'count', seconds: (lastMs - firstMs) / 1000, messages: seen })
  }
  const watch = setInterval(() => {
    if (seen > 0 && nowMs() - lastMs > LOST_MS) finish()
  }, 100)
  onMessage = () => {
    lastMs = nowMs()
    if (seen++ === 0) firstMs = lastMs
    if (seen === messages) finish()
  }
}

function measure(messages: number): void {
  const latenciesMs: number[] = []
  onMessage = (body) => {
    latenciesMs.push(nowMs() - (body as Buffer).readDoubleLE(0))
    if (latenciesMs.length === messages) answer({ did: 'measure', latenciesMs })
  }
}

async function publish(order: Extract<Order, { do: 'publish' }>): Promise<void> {
  const bytes = Buffer.alloc(order.bytes, 'x')
  // About as many bytes on the wire as asked for.
  const value = { sensor: 'zone-temperature', value: 21.5, text: 'x'.repeat(Math.max(0, order.bytes - 60)) }
  for (let sent = 0; sent < order.messages; ) {
    if (agent.vip.pubsub.write({ topic: order.topic, message: order.json ? { ...value, sent } : bytes })) sent++
    else await new Promise<void>((resolve) => agent.once('drain', () => resolve()))
  }
}

async function pace(order: Extract<Order, { do: 'pace' }>): Promise<void> {
  const startMs = nowMs()
  await new Promise<void>((resolve) => {
    let sent = 0
    const timer = setInterval(() => {
      const due = Math.min(order.messages, Math.floor(((nowMs() - startMs) * order.perSecond) / 1000))
      for (; sent < due; sent++) {
        const message = Buffer.alloc(order.bytes)
        message.writeDoubleLE(nowMs(), 0)
        agent.vip.pubsub.write({ topic: order.topic, message })
      }
      if (sent < order.messages) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
}
