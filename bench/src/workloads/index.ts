/** Every workload, in the order of the table. Which systems take part in it, each system says itself. */
import { classic, classicPython } from './classic.ts'
import { fanOut } from './fan-out.ts'
import { federated } from './federated.ts'
import { latency } from './latency.ts'
import { local } from './local.ts'
import { prefixes } from './prefixes.ts'
import { roundTrips } from './round-trips.ts'
import { stalled } from './stalled.ts'
import { start } from './start.ts'
import { storm } from './storm.ts'
import type { Workload } from './workload.ts'

export const workloads: readonly Workload[] = [
  federated({ name: 'federated', payload: '100 B', bytes: 100, json: false }),
  federated({ name: 'federated', payload: '1 KiB', bytes: 1024, json: false }),
  federated({ name: 'federated-json', payload: '100 B JSON', bytes: 100, json: true }),
  {
    names: ['federated-acked'],
    payload: '100 B',
    about: 'confirmed by B and buffered on disk: not there yet in this product',
    on: 'nothing yet',
  },
  latency(1_000),
  latency(5_000),
  fanOut,
  local,
  roundTrips({ name: 'rpc-local', inFlight: 1 }),
  roundTrips({ name: 'rpc-local', inFlight: 64 }),
  roundTrips({ name: 'rpc-link', inFlight: 1 }),
  roundTrips({ name: 'rpc-link', inFlight: 64 }),
  classic,
  ...classicPython,
  storm,
  prefixes,
  stalled,
  start,
]
