/**
 * VOLTTRON as its Python project releases it: a registry and two platforms that federate through it, CURVE on every
 * connection. Its clients are agents on its own library; those of the workload `classic` the same program that takes
 * part for us, which sends the frames of such an agent as fast as they go.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FileCredentialStore } from '@volttron/auth'
import { launcher, program } from '../../../scripts/peers/python.mjs'
import { startClient } from '../clients/client-process.ts'
import { untilHeard } from '../clients/first-delivery.ts'
import { pythonEnvironment, startPythonAgent } from '../clients/python/agent-process.ts'
import { type BrokerProcess, LOOPBACK, startBroker, withFreePorts } from './broker-process.ts'
import type { Broker, Client, ClientOptions, Pair, System } from './system.ts'

const READY_MS = 30_000
/** Agents that are there from the beginning, as a start is timed with them. */
const PROBE = { from: 'probe-from', to: 'probe-to' } as const
const execute = promisify(execFile)

interface Platform extends BrokerProcess {
  readonly home: string
  readonly address: string
}

export const volttronPython: System = {
  name: 'volttron-python',
  workloads: ['federated', 'local', 'rpc-local', 'classic', 'classic-python', 'start', 'idle'],
  async version() {
    const python = program()
    if (python === undefined) return undefined
    const ask = 'from importlib.metadata import version; print(version("volttron-core"))'
    return (await execute(python, ['-c', ask])).stdout.trim()
  },
  start: (folder) => withFreePorts(3, (ports) => startPair(folder, ports)),
}

async function startPair(folder: string, [registryPort = 0, ...ports]: readonly number[]): Promise<Pair> {
  const python = program()!
  const running: BrokerProcess[] = []
  const stop = async () => {
    await Promise.all(running.map((one) => one.stop()))
  }
  try {
    const registryFolder = makeFolder(folder, 'registry')
    const serve = ['-m', 'uvicorn', 'platform_lookup.app:app', '--host', LOOPBACK, '--port', String(registryPort)]
    running.push(
      await startBroker({
        name: 'registry',
        program: python,
        args: serve,
        folder: registryFolder,
        port: registryPort,
        readyMs: READY_MS,
      }),
    )
    const registry = {
      url: `http://${LOOPBACK}:${registryPort}`,
      password: readFileSync(join(registryFolder, 'registration.key'), 'utf8'),
    }
    const plans = ports.map((port, index) => ({ name: `bench-${'ab'[index]}`, port, folder, registry }))
    for (const plan of plans) await prepare(plan)
    const platforms: Platform[] = []
    for (const plan of plans) {
      const platform = await startPlatform(python, plan)
      running.push(platform)
      platforms.push(platform)
    }
    return new PythonPair(python, platforms[0]!, platforms[1]!, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

interface Plan {
  readonly name: string
  readonly port: number
  readonly folder: string
  readonly registry: { readonly url: string; readonly password: string }
}

const homeOf = ({ folder, name }: Plan): string => join(folder, name)
const addressOf = ({ port }: Plan): string => `tcp://${LOOPBACK}:${port}`

/**
 * A home as after the first start, and an entry in the registry: platforms look for each other when they start and then
 * each 30 s, so they would wait that long at their very first start.
 */
async function prepare(plan: Plan): Promise<void> {
  const { folder, name, registry } = plan
  const home = makeFolder(folder, name)
  writeFileSync(join(home, 'config'), configuration(plan))
  writeFileSync(join(home, 'platform-lookup.key'), registry.password, { mode: 0o600 })
  // Without such a file, and `--dev`, it would spend minutes on making a Poetry project of its environment.
  writeFileSync(join(home, 'pyproject.toml'), '[tool.poetry]\nname = "bench"\nversion = "0"\n')
  const store = new FileCredentialStore(join(home, 'credentials_store'))
  await store.prepare()
  const { publicKey } = await store.create('platform')
  for (const identity of Object.values(PROBE)) await store.create(identity)
  const response = await fetch(`${registry.url}/platform`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Registration-Password': registry.password },
    body: JSON.stringify({ id: name, address: addressOf(plan), public_credentials: publicKey, group: 'default' }),
  })
  if (!response.ok) throw new Error(`the Python registry refused ${name}: ${await response.text()}`)
}

const configuration = (plan: Plan): string => `[volttron]
instance-name = ${plan.name}
address = ${addressOf(plan)}
messagebus = zmq
auth-enabled = True
enable-federation = True
enable-federation-cache = False
federation-url = ${plan.registry.url}
`

async function startPlatform(python: string, plan: Plan): Promise<Platform> {
  const home = homeOf(plan)
  const platform = await startBroker({
    name: plan.name,
    program: python,
    args: [launcher, 'volttron', '--dev'],
    environment: pythonEnvironment(home),
    folder: home,
    port: plan.port,
    readyMs: READY_MS,
  })
  return { ...platform, home, address: addressOf(plan) }
}

class PythonPair implements Pair {
  readonly a: Platform
  readonly b: Platform
  readonly #python: string
  readonly #end: () => Promise<void>
  readonly #clients = new Set<Client>()
  /** By home and identity. */
  readonly #known = new Set<string>()

  constructor(python: string, a: Platform, b: Platform, end: () => Promise<void>) {
    this.#python = python
    this.a = a
    this.b = b
    this.#end = end
  }

  async client(at: Broker, role: string, { speaks = 'Python' }: ClientOptions = {}): Promise<Client> {
    const { home, address } = at === this.a ? this.a : this.b
    await this.#addKey(home, role)
    const client =
      speaks === 'frames of Python'
        ? await startClient('classic', { role, identity: role, volttronHome: home, address })
        : await startPythonAgent({
            python: this.#python,
            identity: role,
            address,
            environment: pythonEnvironment(home),
          })
    this.#clients.add(client)
    return client
  }

  async linked(topic: string): Promise<void> {
    const subscriber = await this.client(this.b, PROBE.to, { speaks: 'frames of Python' })
    const publisher = await this.client(this.a, PROBE.from, { speaks: 'frames of Python' })
    await subscriber.ask({ do: 'subscribe', topic, json: false }, 'subscribe')
    await untilHeard(publisher, subscriber, topic)
    await Promise.all([publisher.stop(), subscriber.stop()])
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.stop()))
    await this.#end()
  }

  async #addKey(home: string, identity: string): Promise<void> {
    const key = join(home, identity)
    if (this.#known.has(key) || Object.values<string>(PROBE).includes(identity)) return
    this.#known.add(key)
    const vctl = [launcher, 'vctl', 'auth', 'add', identity]
    await execute(this.#python, vctl, { env: pythonEnvironment(home), timeout: READY_MS })
  }
}

function makeFolder(folder: string, name: string): string {
  const path = join(folder, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}
