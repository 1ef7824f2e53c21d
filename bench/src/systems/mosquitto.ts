/**
 * mosquitto: two brokers, B bridges everything from and to A at QoS 0. Tuned away from its defaults, which drop messages
 * at full rate: no limit on queued messages, no delay on sockets.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../../../scripts/peers/mosquitto.mjs'
import { BrokerPair, startInTurn } from './broker-pair.ts'
import { LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'
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
      const start = (name: string, port: number, lines: readonly string[]) => () => {
        const path = join(folder, `${name}.conf`)
        writeFileSync(path, `${[...listener(port), ...lines].join('\n')}\n`)
        return startBroker({ name, program: program()!, args: ['-c', path], folder, port, readyMs: READY_MS })
      }
      return new BrokerPair({
        system: 'mosquitto',
        ...(await startInTurn(start('A', portA, []), start('B', portB, bridge(portA)))),
      })
    }),
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
  'topic # both 0',
  'cleansession true',
  'remote_clientid b2a',
  'local_clientid b2a-local',
  'restart_timeout 1',
  'notifications false',
  'try_private true',
  'bridge_protocol_version mqttv311',
]
