/** Requests of one client, answered by another: at the same broker, or at the other end of the link. */
import type { Pair } from '../systems/system.ts'
import type { Effort, Figure, SharedWorkload } from './workload.ts'

const BYTES = 100
/** Calls come one by one: until the clients' engine has optimised what they run, it takes longer than for a bulk rate. */
const WARM_UP_MS = 2_000

interface Case {
  readonly name: 'rpc-local' | 'rpc-link'
  readonly inFlight: number
}

export const roundTrips = (one: Case): SharedWorkload => ({
  names: [one.name],
  payload: payloadOf(one),
  about: one.name === 'rpc-local' ? 'requests answered at the same broker' : 'requests at A, answered at B',
  on: 'shared brokers',
  measure: (pair, effort) => measure(pair, effort, one),
})

const payloadOf = ({ inFlight }: Case): string => (inFlight === 1 ? '1 at a time' : `${inFlight} in flight`)

async function measure(pair: Pair, effort: Effort, one: Case): Promise<Figure[]> {
  const callee = one.name === 'rpc-local' ? pair.a : pair.b
  const name = `${callee.name}/server`
  const server = await pair.client(callee, 'server')
  const caller = await pair.client(pair.a, 'caller')
  try {
    await server.ask({ do: 'serve', name }, 'serve')
    const request = { do: 'request', name, inFlight: one.inFlight, bytes: BYTES } as const
    await caller.ask({ ...request, durationMs: WARM_UP_MS }, 'request')
    const { requests, seconds } = await caller.ask({ ...request, durationMs: effort.rateSeconds * 1000 }, 'request')
    return [{ workload: one.name, payload: payloadOf(one), unit: 'round trips/s', value: requests / seconds }]
  } finally {
    await Promise.all([caller.stop(), server.stop()])
  }
}
