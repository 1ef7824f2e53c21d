/**
 * Our own: a registry, two platforms with their defaults that know each other by it, CURVE on every connection. Whatever a
 * platform does not hand out by itself is prepared as an operator would: keys for agents, a rule for calls across the link.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent } from '@volttron/agent'
import { FileCredentialStore } from '@volttron/auth'
import { type Program, Programs } from '@volttron/testkit'
import { program as python } from '../../../scripts/peers/python.mjs'
import { startClient } from '../clients/client-process.ts'
import { untilHeard } from '../clients/first-delivery.ts'
import { pythonEnvironment, startPythonAgent } from '../clients/python/agent-process.ts'
import { memoryMb } from './process-figures.ts'
import type { Alone, Broker, Client, ClientOptions, Pair, System } from './system.ts'

const ANY_PORT = ['--address', 'tcp://127.0.0.1:0']
const IDLE_MS = 3_000
const TOPIC = 'bench/first'

type Site = Broker & { readonly home: string }

export const volttronTs: System = {
  name: 'volttron-ts',
  workloads: [
    'federated',
    'federated-json',
    'latency-1k',
    'latency-5k',
    'fanout-50',
    'local',
    'rpc-local',
    'rpc-link',
    'classic',
    // Its clients need Python's library, which only comes with the peers.
    ...(python() ? ['classic-python'] : []),
    'storm-1000',
    'prefixes-100k',
    'stalled',
    'start',
    'idle',
  ],
  async version() {
    const root = new URL('../../../package.json', import.meta.url)
    return (JSON.parse(readFileSync(root, 'utf8')) as { version: string }).version
  },
  async start() {
    const programs = new Programs()
    try {
      const registry = await programs.startRegistry()
      const platform = async (name: string): Promise<Site> => {
        const federation = ['--enable-federation', '--federation-url', registry.url, ...ANY_PORT]
        const { home, child } = await programs.startPlatform(name, federation)
        return { name, home, pids: [child.pid!] }
      }
      const [a, b] = await Promise.all([platform('bench-a'), platform('bench-b')])
      return new VolttronPair(programs, a, b)
    } catch (error) {
      await programs.cleanUp()
      throw error
    }
  },
  alone,
}

class VolttronPair implements Pair {
  readonly a: Site
  readonly b: Site
  readonly #programs: Programs
  readonly #clients = new Set<Client>()
  #probes = 0
  #callsAllowed: Promise<void> | undefined
  #operator: Agent | undefined

  constructor(programs: Programs, a: Site, b: Site) {
    this.#programs = programs
    this.a = a
    this.b = b
  }

  async client(at: Broker, role: string, { connections = 1, speaks }: ClientOptions = {}): Promise<Client> {
    this.#callsAllowed ??= this.#allowCalls()
    await this.#callsAllowed
    const { home } = this.#siteOf(at)
    await addKeys(home, role, connections)
    return await this.#start(home, role, speaks)
  }

  async linked(topic: string): Promise<void> {
    const number = ++this.#probes
    const start = async ({ home }: Site, role: string) => {
      await addKeys(home, role, 1)
      return await this.#start(home, role)
    }
    const [publisher, subscriber] = await Promise.all([
      start(this.a, `probe-from-${number}`),
      start(this.b, `probe-to-${number}`),
    ])
    await subscriber.ask({ do: 'subscribe', topic, json: false }, 'subscribe')
    await untilHeard(publisher, subscriber, topic)
    await Promise.all([publisher.stop(), subscriber.stop()])
  }

  async interests(at: Broker): Promise<number> {
    this.#operator ??= await startOperator(this.#siteOf(at).home)
    const { platforms } = (await this.#operator.vip.rpc.call('platform.federation', 'status')) as {
      platforms: readonly { readonly interest_in: number }[]
    }
    return platforms.reduce((total, { interest_in }) => total + interest_in, 0)
  }

  async stop(): Promise<void> {
    await this.#operator?.stop()
    await Promise.all([...this.#clients].map((client) => client.stop()))
    await this.#programs.cleanUp()
  }

  /** Agents of A may call what the clients at B serve: remote calls are refused without a rule. */
  async #allowCalls(): Promise<void> {
    const rule = ['authz', 'add', 'agent', 'bench-a/caller', '--rpc-capabilities', 'server.echo,server.whoami']
    const { code, stderr } = await this.#programs.vctl(this.b.home, ...rule)
    if (code !== 0) throw new Error(`vctl authz add: ${stderr}`)
  }

  #siteOf(broker: Broker): Site {
    return broker === this.a ? this.a : this.b
  }

  async #start(home: string, identity: string, speaks?: ClientOptions['speaks']): Promise<Client> {
    const bound = JSON.parse(readFileSync(join(home, 'run', 'addresses.json'), 'utf8')) as { addresses: string[] }
    const address = bound.addresses.find((one) => one.startsWith('tcp:')) ?? ''
    const settings = { role: identity, identity, volttronHome: home, address }
    const client = await (speaks === 'Python'
      ? startPythonAgent({ python: python()!, identity, address, environment: pythonEnvironment(home) })
      : startClient(speaks === undefined ? 'volttron-ts' : 'classic', settings))
    this.#clients.add(client)
    return client
  }
}

/** A platform without federation, started a second time: keys and store exist, and the agent waits already. */
async function alone(): Promise<Alone> {
  const programs = new Programs()
  const agent = new Agent({ identity: 'first', volttronHome: join(programs.folder, 'alone') })
  try {
    await end(await programs.startPlatform('alone', ANY_PORT))
    await addKeys(join(programs.folder, 'alone'), 'first', 1)
    const startedAt = performance.now()
    const starting = programs.startPlatform('alone', ANY_PORT)
    await agent.start()
    const delivered = new Promise<number>((resolve) => {
      void agent.vip.pubsub.subscribe({ prefix: TOPIC, callback: () => resolve(performance.now() - startedAt) })
    })
    await agent.vip.pubsub.publish({ topic: TOPIC, message: 1 })
    const startMs = await delivered
    const { child } = await starting
    await pause(IDLE_MS)
    return { startSeconds: startMs / 1000, idleMb: memoryMb([child.pid!]) }
  } finally {
    await agent.stop()
    await programs.cleanUp()
  }
}

async function end({ child, ended }: Program): Promise<void> {
  child.kill('SIGTERM')
  await ended
}

/** Keys as `vctl auth add` makes them, without a process for each; the platform notices them. */
async function addKeys(home: string, identity: string, connections: number): Promise<void> {
  const store = new FileCredentialStore(join(home, 'credentials_store'))
  for (let number = 0; number < connections; number++) {
    const name = number === 0 ? identity : `${identity}-${number}`
    if (!(await store.get(name))) await store.create(name)
  }
}

interface CredentialFile {
  readonly publickey: string
  readonly secretkey: string
}

const credentialOf = (home: string, identity: string): CredentialFile =>
  JSON.parse(readFileSync(join(home, 'credentials_store', `${identity}.json`), 'utf8')) as CredentialFile

async function startOperator(home: string): Promise<Agent> {
  const { publickey, secretkey } = credentialOf(home, 'control.connection')
  const identity = 'control.connection.bench'
  const agent = new Agent({ identity, volttronHome: home, publicKey: publickey, secretKey: secretkey })
  await agent.start()
  return agent
}
