/**
 * What every end-to-end test needs: programs of the repository, agents of the SDK in this process, and the operator's view
 * of a platform. `cleanUp()` ends all of it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Agent, type MessageHeaders } from '@volttron/agent'
import { eventually, FaultProxy, type Output, type Program, Programs } from '@volttron/testkit'

/** For what takes a process start or a redial on a small machine that is busy. */
export const PATIENCE_MS = 30_000

export const ANY_PORT = ['--address', 'tcp://127.0.0.1:0'] as const

export interface Site extends Program {
  readonly home: string
}

/** One row of `vctl federation status --json`. */
export interface StatusRow {
  readonly platform: string
  readonly address: string
  readonly group: string
  readonly connected: boolean
  readonly status: string
  readonly reason: string | null
  readonly next_retry_in_s: number | null
  readonly last_heartbeat: number | null
  readonly protocol: string
  readonly direction: string | null
  readonly interest_in: number
  readonly interest_out: number
  readonly messages_in: number
  readonly messages_out: number
  readonly sessions: number
  readonly [more: string]: unknown
}

export interface FederationState {
  readonly registry: {
    readonly status: string
    readonly reason: string | null
    readonly [more: string]: unknown
  } | null
  readonly platforms: readonly StatusRow[]
}

export interface Received {
  readonly sender: string
  readonly topic: string
  readonly headers: MessageHeaders
  readonly message: unknown
}

export class Stage {
  readonly programs = new Programs()
  readonly #agents = new Set<Agent>()
  readonly #proxies: FaultProxy[] = []
  readonly #closers: (() => Promise<void>)[] = []

  /** A platform that federates through the registry at `url`. */
  federated(name: string, url: string, args: readonly string[] = ANY_PORT): Promise<Site> {
    return this.programs.startPlatform(name, ['--enable-federation', '--federation-url', url, ...args])
  }

  /** A key for each identity, made as an operator does. */
  async addKeys(home: string, ...identities: string[]): Promise<void> {
    for (const identity of identities) await this.vctl(home, 'auth', 'add', identity)
  }

  /** An agent of the SDK that has its key and is connected. */
  async agent(home: string, identity: string): Promise<Agent> {
    await this.addKeys(home, identity)
    const agent = this.newAgent(home, identity)
    await agent.start({ timeoutMs: PATIENCE_MS })
    return agent
  }

  /** An agent that is not started; its key is somebody else's concern. */
  newAgent(home: string, identity: string, options: Partial<ConstructorParameters<typeof Agent>[0]> = {}): Agent {
    const agent = new Agent({ identity, volttronHome: home, ...options })
    this.#agents.add(agent)
    return agent
  }

  /** The operator's way to the platform, as `vctl` has it, without a process for every question. */
  async operator(home: string): Promise<Operator> {
    const { publickey, secretkey } = credential(home, 'control.connection')
    const identity = `control.connection.e2e${this.#agents.size}`
    const agent = this.newAgent(home, identity, { publicKey: publickey, secretKey: secretkey })
    await agent.start({ timeoutMs: PATIENCE_MS })
    return new Operator(agent)
  }

  /** `vctl`, which must succeed. */
  async vctl(home: string, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.programs.vctl(home, ...words)
    if (code !== 0) throw new Error(`vctl ${words.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }

  /** Runs `volttron` to its end, as for an option that is wrong. */
  volttron(home: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Output> {
    return this.programs.run('apps/platform/bin/volttron.js', args, { VOLTTRON_HOME: home, ...environment })
  }

  /** The process of an agent; see programs/agent.mjs. */
  agentProcess(name: string, identity: string, home: string, prefix: string): AgentProcess {
    return new AgentProcess(this.programs.start(name, 'e2e/test/programs/agent.mjs', [identity, home, prefix]))
  }

  async proxy(port: number): Promise<FaultProxy> {
    const proxy = await FaultProxy.to({ host: '127.0.0.1', port })
    this.#proxies.push(proxy)
    return proxy
  }

  /** To be called by {@link cleanUp} too. */
  defer(close: () => Promise<void>): void {
    this.#closers.push(close)
  }

  async cleanUp(): Promise<void> {
    await Promise.all([...this.#agents].map((agent) => agent.stop()))
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    await Promise.all(this.#closers.map((close) => close()))
    await this.programs.cleanUp()
  }
}

/** The operator of one platform. */
export class Operator {
  readonly agent: Agent

  constructor(agent: Agent) {
    this.agent = agent
  }

  control(method: string, ...args: unknown[]): Promise<unknown> {
    return this.agent.vip.rpc.call('platform.control', method, ...args)
  }

  async federation(): Promise<FederationState> {
    return (await this.agent.vip.rpc.call('platform.federation', 'status')) as FederationState
  }

  /** The row of a platform, as soon as it is as wanted. */
  async rowOf(platform: string, isSo: (row: StatusRow) => boolean, timeoutMs = PATIENCE_MS): Promise<StatusRow> {
    let last: FederationState | undefined
    try {
      return await eventually(
        async () => {
          last = await this.federation()
          return last.platforms.find((row) => row.platform === platform && isSo(row))
        },
        { timeoutMs },
      )
    } catch (error) {
      throw new Error(`the row of ${platform} is not as wanted: ${JSON.stringify(last, null, 1)}`, { cause: error })
    }
  }

  connected(...platforms: string[]): Promise<StatusRow[]> {
    return Promise.all(platforms.map((platform) => this.rowOf(platform, (row) => row.connected)))
  }
}

interface AgentReport {
  readonly event: string
  readonly topic?: string
  readonly code?: string
  readonly text?: string
}

export class AgentProcess {
  readonly program: Program
  readonly reports: AgentReport[] = []

  constructor(program: Program) {
    this.program = program
    program.child.on('message', (report) => this.reports.push(report as AgentReport))
  }

  get topics(): string[] {
    return this.reports.flatMap(({ event, topic }) => (event === 'message' && topic !== undefined ? [topic] : []))
  }

  heard(event: string): Promise<AgentReport> {
    return eventually(() => this.reports.find((report) => report.event === event), {
      timeoutMs: PATIENCE_MS,
      what: `${event} of ${this.program.name}`,
    })
  }

  async kill(): Promise<void> {
    this.program.child.kill('SIGKILL')
    await this.program.ended
  }
}

/** Subscribes and keeps what comes. */
export async function collect(agent: Agent, prefix: string, allPlatforms = false): Promise<Received[]> {
  const received: Received[] = []
  await agent.vip.pubsub.subscribe({
    peer: 'pubsub',
    prefix,
    allPlatforms,
    callback: (_peer, sender, _bus, topic, headers, message) => {
      received.push({ sender, topic, headers, message })
    },
  })
  return received
}

/** A port that was free a moment ago, for what must know its port beforehand. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Ends a process as a power cut does. */
export async function kill(program: Program): Promise<void> {
  program.child.kill('SIGKILL')
  await program.ended
}

/** Ends a process as an operator does. */
export async function stop(program: Program) {
  program.child.kill('SIGTERM')
  return program.ended
}

const credentialPath = (home: string, identity: string): string => join(home, 'credentials_store', `${identity}.json`)

export interface CredentialFile {
  readonly identity: string
  readonly publickey: string
  readonly secretkey: string
}

export const credential = (home: string, identity: string): CredentialFile =>
  JSON.parse(readFileSync(credentialPath(home, identity), 'utf8'))

/** Puts a key back, as a backup does. */
export const restoreCredential = (home: string, file: CredentialFile): void =>
  writeFileSync(credentialPath(home, file.identity), JSON.stringify(file), { mode: 0o600 })

/** Addresses a running platform listens on, tcp first. */
export const addressesOf = (home: string): string[] =>
  JSON.parse(readFileSync(join(home, 'run', 'addresses.json'), 'utf8')).addresses

export const portOf = (home: string): number => Number(addressesOf(home)[0]!.split(':').at(-1))

export const isAlive = (pid: number | undefined): boolean => {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}
