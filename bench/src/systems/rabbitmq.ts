/**
 * RabbitMQ: two nodes that are no cluster; B federates a topic exchange from A, at most once (`ack-mode: no-ack`). They
 * run as the current user with everything in the folder of the pair, each under a port mapper (epmd) of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installation } from '../../../scripts/peers/rabbitmq.mjs'
import { programPath } from '../../../scripts/peers/run.mjs'
import { connect } from '../clients/amqp-connection.ts'
import { BrokerPair } from './broker-pair.ts'
import { type BrokerProcess, LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'
import { oneAlone } from './one-alone.ts'
import type { System } from './system.ts'

const READY_MS = 60_000
const MAPPER_READY_MS = 10_000
const PLUGINS = '[rabbitmq_management, rabbitmq_federation, rabbitmq_federation_management].\n'
const USER = 'bench'
/** Federated by its name; what is published to it at one broker stays there unless the other wants it. */
const EXCHANGE = 'fed.amo'
const settings = { exchange: EXCHANGE, user: USER }
const PORTS_PER_NODE = 4

interface Ports {
  readonly amqp: number
  readonly management: number
  /** Between Erlang nodes, here only for the tools of RabbitMQ. */
  readonly distribution: number
  readonly mapper: number
}

export const rabbitmq: System = {
  name: 'rabbitmq',
  workloads: ['federated', 'latency-1k', 'fanout-50', 'local', 'start', 'idle'],
  // The installation is named by its version; to ask `rabbitmqctl` takes a second and leaves a port mapper running.
  version: async () => /rabbitmq_server-(\S+)/.exec(installation() ?? '')?.[1],
  start: (folder) =>
    withFreePorts(2 * PORTS_PER_NODE, async (ports) => {
      const portsA = portsOf(ports)
      // Both at once, because each takes seconds.
      const [a, b] = await Promise.allSettled([
        startNode('A', portsA, folder, {}),
        startNode('B', portsOf(ports.slice(PORTS_PER_NODE)), folder, federation(portsA.amqp)),
      ])
      if (a.status === 'fulfilled' && b.status === 'fulfilled') {
        return new BrokerPair({ system: 'rabbitmq', a: a.value, b: b.value, settings })
      }
      for (const node of [a, b]) if (node.status === 'fulfilled') await node.value.stop()
      throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason
    }),
  alone: () => {
    const start = (folder: string) =>
      withFreePorts(PORTS_PER_NODE, (ports) => startNode('A', portsOf(ports), folder, {}))
    return oneAlone({ start, connect, settings })
  },
}

const portsOf = ([amqp = 0, management = 0, distribution = 0, mapper = 0]: readonly number[]): Ports => ({
  amqp,
  management,
  distribution,
  mapper,
})

/** A node with a port mapper of its own, in the foreground: left to itself, it starts one that outlives it. */
async function startNode(name: string, ports: Ports, folder: string, definitions: object): Promise<BrokerProcess> {
  const home = join(folder, name)
  mkdirSync(home, { recursive: true })
  const mapper = await startBroker({
    name: 'epmd',
    program: programPath('epmd')!,
    args: ['-address', LOOPBACK, '-port', String(ports.mapper)],
    folder: home,
    port: ports.mapper,
    readyMs: MAPPER_READY_MS,
  })
  try {
    const { stop, ...node } = await startServer(name, ports, home, definitions)
    return {
      ...node,
      async stop() {
        await stop()
        await mapper.stop()
      },
    }
  } catch (error) {
    await mapper.stop()
    throw error
  }
}

function startServer(name: string, ports: Ports, home: string, definitions: object): Promise<BrokerProcess> {
  const file = (fileName: string, content: string): string => {
    const path = join(home, fileName)
    writeFileSync(path, content)
    return path
  }
  const definitionsFile = file('definitions.json', JSON.stringify({ ...commonDefinitions, ...definitions }))
  return startBroker({
    name,
    program: join(installation()!, 'sbin', 'rabbitmq-server'),
    args: [],
    environment: {
      HOME: home,
      RABBITMQ_CONF_ENV_FILE: file('environment.conf', ''),
      RABBITMQ_NODENAME: `bench-${name}-${ports.amqp}@localhost`,
      RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', configuration(ports, definitionsFile)),
      RABBITMQ_ADVANCED_CONFIG_FILE: file('advanced.config', '[].\n'),
      RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', PLUGINS),
      RABBITMQ_MNESIA_BASE: join(home, 'data'),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      ERL_EPMD_ADDRESS: LOOPBACK,
      ERL_EPMD_PORT: String(ports.mapper),
      // The script becomes the node instead of waiting for it, so that the process we know is the one that counts.
      RUNNING_UNDER_SYSTEMD: 'true',
    },
    folder: home,
    port: ports.amqp,
    readyMs: READY_MS,
    // A node takes seconds to end by itself, and there is nothing to keep.
    endSignal: 'SIGKILL',
  })
}

const configuration = ({ amqp, management }: Ports, definitionsFile: string): string => `
listeners.tcp.1 = ${LOOPBACK}:${amqp}
management.tcp.ip = ${LOOPBACK}
management.tcp.port = ${management}
load_definitions = ${definitionsFile}
log.console = false
log.file.level = warning
disk_free_limit.absolute = 50MB
`

const commonDefinitions = {
  vhosts: [{ name: '/' }],
  users: [{ name: USER, password: USER, tags: 'administrator' }],
  permissions: [{ user: USER, vhost: '/', configure: '.*', write: '.*', read: '.*' }],
  exchanges: [
    { name: EXCHANGE, vhost: '/', type: 'topic', durable: true, auto_delete: false, internal: false, arguments: {} },
  ],
}

const federation = (port: number): object => ({
  parameters: [
    {
      vhost: '/',
      component: 'federation-upstream',
      name: 'a-amo',
      value: {
        uri: `amqp://${USER}:${USER}@${LOOPBACK}:${port}`,
        'ack-mode': 'no-ack',
        'prefetch-count': 1000,
        'reconnect-delay': 1,
      },
    },
  ],
  policies: [
    {
      vhost: '/',
      name: 'amo',
      pattern: `^${EXCHANGE.replace('.', '\\.')}$`,
      'apply-to': 'exchanges',
      priority: 0,
      definition: { 'federation-upstream': 'a-amo' },
    },
  ],
})
