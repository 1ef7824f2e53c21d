/**
 * mosquitto: two brokers, B bridges everything under `bench/` from and to A at QoS 0. Tuned away from its defaults, which
 * drop messages at full rate: no limit on queued messages, no delay on sockets.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../../../scripts/peers/mosquitto.mjs'
import { connect } from '../clients/mqtt-connection.ts'
import { BrokerPair, startInTurn } from './broker-pair.ts'
import { type BrokerProcess, LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'
import { oneAlone } from './one-alone.ts'
import type { System } from './system.ts'

const READY_MS = 10_000

export const mosquitto: System = {
  name: 'mosquitto',
  workloads: ['federated', 'federated-json', 'latency-1k', 'latency-5k', 'fanout-50', 'local', 'start', 'idle'],
  version() {
    const broker = program()
    if (broker === undefined) return Promise.resolve(undefined)
    // It has no option for that: its help begins with it, and ends with an exit code of its own.
    return new Promise((resolve) => {
      execFile(broker, ['-h'], (_error, stdout) => resolve(/version (\S+)/.exec(stdout)?.[1] ?? 'unknown'))
    })
  },
  start: (folder) =>
    withFreePorts(2, async ([portA = 0, portB = 0]) => {
      const startA = () => startOne(folder, 'A', portA, [])
      const startB = () => startOne(folder, 'B', portB, bridge(portA))
      return new BrokerPair({ system: 'mosquitto', ...(await startInTurn(startA, startB)) })
    }),
  alone: () => {
    const start = (folder: string) => withFreePorts(1, ([port = 0]) => startOne(folder, 'A', port, []))
    return oneAlone({ start, connect })
  },
}

function startOne(folder: string, name: string, port: number, lines: readonly string[]): Promise<BrokerProcess> {
  const path = join(folder, `${name}.conf`)
  writeFileSync(path, `${[...listener(port), ...lines].join('\n')}\n`)
  return startBroker({ name, program: program()!, args: ['-c', path], folder, port, readyMs: READY_MS })
}

const listener = (port: number): readonly string[] => [
  `listener ${port} ${LOOPBACK}`,
  'allow_anonymous true',
  'set_tcp_nodelay true',
  'max_queued_messages 0',
  'max_inflight_messages 1000',
  // Only looked at when root starts it: otherwise it would become a user that may not read its configuration.
  'user root',
  'log_type error',
  'log_type warning',
  'persistence false',
]

const bridge = (port: number): readonly string[] => [
  'connection b2a',
  `address ${LOOPBACK}:${port}`,
  // What is published under `local/` stays at its broker: a bridge carries what it is told to, wanted there or not.
  'topic bench/# both 0',
  'cleansession true',
  'remote_clientid b2a',
  'local_clientid b2a-local',
  'restart_timeout 1',
  'notifications false',
  'try_private true',
  'bridge_protocol_version mqttv311',
]
