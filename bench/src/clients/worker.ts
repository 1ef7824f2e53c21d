/**
 * A client of the benchmark, as a process of its own: `worker.js <kind> <settings as JSON>`. Connects, then carries out the
 * orders of the main process one after the other.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { letHeapGrow } from '@volttron/agent'
import type { ClientKind } from './client-process.ts'
import type { Connect, Connection } from './connection.ts'
import { Ear } from './ear.ts'
import { type Answer, monotonicMs, type Order } from './orders.ts'
import { pace, publish, requestFor } from './sending.ts'

/** The module a kind of client speaks with; loaded only when asked for, because it may need a package of its own. */
const MODULES: Readonly<Record<ClientKind, string>> = {
  'volttron-ts': './volttron-connection.js',
  'volttron-python': './classic-connection.js',
  classic: './classic-connection.js',
  nats: './nats-connection.js',
  'nats-tls': './nats-connection.js',
  mosquitto: './mqtt-connection.js',
  rabbitmq: './amqp-connection.js',
}
/** So many subscriptions are on the way at a time. */
const SUBSCRIPTIONS_AT_ONCE = 1_000
/** In a storm an agent that could not start tries again until then, after a random pause. */
const STORM_MS = 60_000
const MAX_PAUSE_MS = 200

// All systems alike: what the clients of a bus move through buffers must not be what its rate depends on.
letHeapGrow()
const [kind = '', json = '{}'] = process.argv.slice(2)
const settings = JSON.parse(json) as Readonly<Record<string, string>>
const { connect } = (await import(MODULES[kind as ClientKind])) as { connect: Connect }
const ear = new Ear()
const answer = (what: Answer): void => void process.send!(what)
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const connections: Connection[] = []
let turn: Promise<void> = Promise.resolve()

process.on('message', (order: Order) => {
  const carryOutOrder = () =>
    carryOut(order).then(answer, (error: unknown) => {
      answer({ did: 'fail', order: order.do, message: textOf(error) })
    })
  if (order.do === 'heard') void carryOutOrder()
  else turn = turn.then(carryOutOrder)
})
process.on('disconnect', () => {
  const closing = Promise.allSettled(connections.map((connection) => connection.close()))
  void closing.then(() => process.exit(0))
})
try {
  connections.push(await connect(settings, 0))
  answer({ did: 'start' })
} catch (error) {
  answer({ did: 'fail', order: 'start', message: textOf(error) })
}

async function carryOut(order: Order): Promise<Answer> {
  const first = connections[0]!
  switch (order.do) {
    case 'connect':
      await open(order.connections)
      break
    case 'subscribe':
      await Promise.all(connections.map((one) => one.subscribe(order.topic, order, ear.onMessage)))
      break
    case 'subscribe-many':
      await subscribeMany(first, order)
      break
    case 'listen':
      ear.listen(order.stamped)
      break
    case 'heard':
      return { did: 'heard', ...(await ear.heard(order.messages, order.silenceMs)) }
    case 'publish':
      await publish(first, order)
      break
    case 'pace':
      await pace(first, order)
      break
    case 'serve':
      await first.serve(order.name)
      break
    case 'request':
      return { did: 'request', ...(await requestFor(first, order)) }
    case 'storm':
      return { did: 'storm', ...(await storm(order.connections, order.name)) }
  }
  return { did: order.do }
}

async function open(wanted: number): Promise<void> {
  const opened = await Promise.all(missing(wanted).map((number) => connect(settings, number)))
  connections.push(...opened)
}

/** The numbers of the connections that are not open yet. */
const missing = (wanted: number): number[] =>
  Array.from({ length: Math.max(0, wanted - connections.length) }, (_, index) => connections.length + index)

async function storm(wanted: number, name: string): Promise<Omit<Extract<Answer, { did: 'storm' }>, 'did'>> {
  let misattributed = 0
  let failedStarts = 0
  const deadlineMs = monotonicMs() + STORM_MS
  const openPatiently = async (number: number): Promise<Connection> => {
    for (;;) {
      try {
        return await connect(settings, number)
      } catch (error) {
        if (monotonicMs() > deadlineMs) throw error
        failedStarts++
        await pause(Math.random() * MAX_PAUSE_MS)
      }
    }
  }
  await Promise.all(
    missing(wanted).map(async (number) => {
      const connection = await openPatiently(number)
      connections.push(connection)
      if (!connection.recognised) await connection.request(name, 'usable')
      else if (!(await connection.recognised(name))) misattributed++
    }),
  )
  return { usableAtMs: monotonicMs(), misattributed, failedStarts }
}

async function subscribeMany(connection: Connection, order: Extract<Order, { do: 'subscribe-many' }>): Promise<void> {
  for (let from = 0; from < order.subscriptions; from += SUBSCRIPTIONS_AT_ONCE) {
    const upTo = Math.min(from + SUBSCRIPTIONS_AT_ONCE, order.subscriptions)
    const some = Array.from({ length: upTo - from }, (_, index) => from + index)
    await Promise.all(
      some.map((number) => {
        const topic = order.prefix + String(number).padStart(order.digits, '0')
        return connection.subscribe(topic, { json: false }, ear.onMessage)
      }),
    )
  }
}
