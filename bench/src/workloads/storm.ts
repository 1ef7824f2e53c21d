/** A thousand agents connect to one broker at once. Each is usable when the first question it asks is answered. */
import { monotonicMs } from '../clients/orders.ts'
import type { Client, Pair } from '../systems/system.ts'
import type { Figure, OwnWorkload } from './workload.ts'

const NAME = 'storm-1000'
const AGENTS = 1_000
/** Each carries as many of them as one process of zeromq.js can. */
const PROCESSES = 4
const PAYLOAD = '1,000 at once'

export const storm: OwnWorkload = {
  names: [NAME],
  payload: PAYLOAD,
  about: '1,000 agents in 4 processes connect at once; until all are usable and known by their own name',
  on: 'own brokers',
  measure: async (launch) => measure(await launch()),
}

async function measure(pair: Pair): Promise<Figure[]> {
  const name = `${pair.a.name}/server`
  const clients: Client[] = []
  try {
    const server = await pair.client(pair.a, 'server')
    clients.push(server)
    await server.ask({ do: 'serve', name }, 'serve')
    // The connection every process has from its start is no part of the storm.
    const connections = AGENTS / PROCESSES + 1
    const crowds: Client[] = []
    for (let number = 1; number <= PROCESSES; number++) {
      crowds.push(await pair.client(pair.a, `crowd${number}`, { connections }))
    }
    clients.push(...crowds)
    const startMs = monotonicMs()
    const storms = await Promise.all(crowds.map((crowd) => crowd.ask({ do: 'storm', connections, name }, 'storm')))
    const usableMs = Math.max(...storms.map(({ usableAtMs }) => usableAtMs)) - startMs
    const total = (key: 'misattributed' | 'failedStarts') => storms.reduce((sum, one) => sum + one[key], 0)
    return [
      { workload: NAME, payload: PAYLOAD, unit: 's', value: usableMs / 1000 },
      { workload: NAME, payload: PAYLOAD, unit: 'misattributed', value: total('misattributed') },
      { workload: NAME, payload: PAYLOAD, unit: 'failed starts', value: total('failedStarts') },
    ]
  } finally {
    await Promise.all(clients.map((client) => client.stop()))
  }
}
