/** One platform of the simulation: the real engine, with the few lines of a router that it needs around it. */
import { SubscriptionTable } from '@volttron/pubsub'
import { type Connection, INITIAL_CREDIT, NameTable, Turn } from '@volttron/transport'
import {
  buildTail,
  dialOnlyAddress,
  FrameAt,
  formatRoute,
  frameText,
  isVipMessage,
  type KeyPair,
  keyPairFromSecret,
  type PublicKey,
  parseHello,
  parseRoute,
  vipMessage,
  welcomeArgument,
} from '@volttron/vip'
import {
  type ClassicVisit,
  FEDERATION_FEATURE,
  Federation,
  type FederationOptions,
  opensLink,
  type RpcError,
  type Session,
} from '../../src/index.ts'
import type { Host, Network } from './network.ts'
import type { MemoryRegistry } from './registry.ts'
import { SiteClock, type VirtualTime } from './virtual-time.ts'

export interface World {
  readonly time: VirtualTime
  readonly network: Network
  readonly registry: MemoryRegistry
  readonly random: () => number
}

export interface Delivery {
  readonly agent: string
  readonly topic: string
  readonly origin: string
  readonly sender: string
  readonly body: string
}

interface Agent {
  readonly name: string
}

export interface SiteOptions extends Partial<FederationOptions> {
  readonly dialOnly?: boolean
  readonly skewMs?: number
}

export const randomKeys = (random: () => number): KeyPair =>
  keyPairFromSecret(Buffer.from(Array.from({ length: 32 }, () => Math.floor(random() * 256))))

export class Site implements Host {
  readonly name: string
  readonly world: World
  keys: KeyPair
  /** On disk: keys before the present one, for a registry that still has one of them. */
  readonly former: KeyPair[] = []
  /** On disk, while a rotation is under way. */
  prepared: KeyPair[] = []
  address: string
  dialOnly: boolean
  /** Its real-time clock is wrong by so much. */
  skewMs: number
  federation!: Federation<string, string>
  isUp = false
  table = new SubscriptionTable<Agent>()
  clock: SiteClock
  readonly agents = new Map<string, Agent>()
  readonly deliveries: Delivery[] = []
  readonly calls: { platform: string; to: string; from: string; id: string; frames: string[] }[] = []
  readonly answers: Site['calls'] = []
  readonly endedSessions: string[] = []
  readonly callErrors: (RpcError & { platform: string })[] = []
  readonly logged: { level: string; event: string; fields: object }[] = []
  disk: { config: unknown; memory: unknown } = { config: undefined, memory: undefined }
  diskError: Error | undefined
  setAside: string[] = []
  readonly #options: SiteOptions
  #topics = new NameTable((name) => name)
  #routes = new NameTable((name) => name)
  readonly #trusted = new Map<string, PublicKey>()
  readonly #connections = new Map<Connection, string>()
  #sequence = 0

  constructor(name: string, world: World, options: SiteOptions = {}) {
    this.name = name
    this.world = world
    this.#options = options
    this.keys = randomKeys(world.random)
    this.dialOnly = options.dialOnly ?? false
    this.skewMs = options.skewMs ?? 0
    this.address = `tcp://${name}.test:22916`
    this.clock = new SiteClock(world.time, this.skewMs)
  }

  get publicKey(): PublicKey {
    return this.keys.publicKey
  }

  get registeredAddress(): string {
    return this.dialOnly ? dialOnlyAddress(this.name) : this.address
  }

  start(): void {
    const { world } = this
    this.isUp = true
    this.clock = new SiteClock(world.time, this.skewMs)
    this.#topics = new NameTable((name) => name)
    this.#routes = new NameTable((name) => name)
    this.#trusted.clear()
    this.table = new SubscriptionTable<Agent>()
    const { clock, table } = this
    const turn = new Turn((run) => void world.time.at(0, () => isCurrent() && run(), false))
    const log = (level: string) => (fields: object, event: string) => {
      this.logged.push({ level, event, fields })
    }
    const isCurrent = () => this.clock === clock
    const { dialOnly: _, skewMs: __, ...overrides } = this.#options
    this.federation = new Federation<string, string>(
      {
        instanceName: this.name,
        advertiseAddress: this.dialOnly ? undefined : this.address,
        ownAddresses: [this.address],
        trust: 'registry',
        ...overrides,
      },
      {
        clock,
        random: world.random,
        turn,
        dial: (target, signal) => world.network.dial(this, target, signal, isCurrent),
        keys: {
          own: () => this.keys,
          useOwn: (pair) => {
            this.former.push(this.keys)
            this.keys = pair
            this.prepared = []
          },
          prepared: () => this.prepared,
          trust: (platform, key) => void this.#trusted.set(platform, key),
          revoke: (platform) => {
            this.#trusted.delete(platform)
            for (const [connection, name] of this.#connections) if (name === platform) connection.close('revoked')
          },
        },
        bus: {
          interest: table.interest,
          resolveTopic: (text) => text,
          resolveRoute: (_platform, text) => text,
          onRemotePublish: (topic, route, record) => {
            const { platform: origin, sender } = parseRoute(route)!
            const body = record.buffer.toString('utf8', record.bodyStart(), record.tailEnd)
            for (const agent of table.matchRemote(topic))
              this.deliveries.push({ agent: agent.name, topic, origin, sender, body })
          },
          isCongested: () => false,
          onRemoteRpc: (platform, to, from, id, frames) =>
            void this.calls.push({ platform, to, from, id: frameText(id), frames: frames.map(frameText) }),
          onRpcAnswer: (platform, to, from, id, frames) =>
            void this.answers.push({ platform, to, from, id: frameText(id), frames: frames.map(frameText) }),
          onSessionEnd: (platform) => void this.endedSessions.push(platform),
          onRpcError: (platform, error) => void this.callErrors.push({ platform, ...error }),
        },
        store: {
          load: async () => {
            if (this.diskError) throw this.diskError
            return this.disk
          },
          save: async (state) => {
            if (this.diskError) throw this.diskError
            if (isCurrent()) this.disk = JSON.parse(JSON.stringify(state))
          },
          setAside: async (reason) => void this.setAside.push(reason),
        },
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
        registry: world.registry.port(this.name, () => this.former),
      },
    )
    if (!this.dialOnly) world.network.listen(this.address, this)
    this.federation.start().catch((error) => {
      throw error
    })
  }

  /** Ends in good order. */
  async stop(): Promise<void> {
    await this.federation.stop()
    this.isUp = false
    this.world.network.unlisten(this.address, this)
    for (const connection of [...this.#connections.keys()]) connection.close('stopped')
  }

  /** Ends at once, as by SIGKILL or, `silently`, by a power failure. */
  kill(silently: boolean): void {
    this.isUp = false
    this.clock.halt()
    this.clock = new SiteClock(this.world.time, this.skewMs)
    this.world.network.unlisten(this.address, this)
    this.world.network.kill(this.name, silently)
    this.#connections.clear()
  }

  subscribe(agent: string, ...prefixes: string[]): void {
    let found = this.agents.get(agent)
    if (!found) {
      found = { name: agent }
      this.agents.set(agent, found)
    }
    this.table.subscribe(found, prefixes, { allPlatforms: true })
  }

  unsubscribe(agent: string, ...prefixes: string[]): void {
    const found = this.agents.get(agent)
    if (found) this.table.unsubscribe(found, prefixes, 'all')
  }

  /** Publishes to other platforms; returns their names. */
  publish(topic: string, body: string, sender = 'agent'): string[] {
    const route = formatRoute({ platform: this.name, epoch: this.federation.epoch, sender, path: [] })
    const tail = buildTail(body, '', '')
    const sessions = this.federation.remoteInterest.match(topic)
    const [topicName, routeName] = [this.#topics.intern(topic), this.#routes.intern(route)]
    const sequence = ++this.#sequence
    return sessions
      .filter((session) =>
        session.publish(topicName, routeName, tail.flags, sequence, 0, tail.bytes, 0, tail.bytes.length),
      )
      .map((session) => session.platform)
  }

  async rotateKey(pair: KeyPair): Promise<string> {
    this.prepared.push(pair)
    return (await this.federation.rotateKey(pair)).outcome
  }

  nameOf(key: PublicKey): string | undefined {
    for (const [name, trusted] of this.#trusted) if (trusted === key) return name
    return undefined
  }

  onUnknownKey(): void {
    this.federation.onUnknownKey()
  }

  onConnection(connection: Connection, platform: string): void {
    this.#connections.set(connection, platform)
    let session: Session<string, string> | ClassicVisit<string, string> | undefined
    connection.start({
      onMessage: (frames) => {
        if (session) return session.onMessage(frames)
        if (opensLink(frames)) {
          session = this.federation.acceptClassic(platform, connection)
          if (!session) return connection.close('not wanted')
          return session.onMessage(frames)
        }
        if (!isVipMessage(frames) || frameText(frames[FrameAt.subsystem]!) !== 'hello')
          return connection.close('no hello')
        const hello = parseHello(frameText(frames[FrameAt.args + 1] ?? Buffer.alloc(0)))
        if (!hello) return connection.close('no session')
        const nonce = Math.floor(this.world.random() * 0xffffffff)
        const welcome = {
          version: 1,
          features: [FEDERATION_FEATURE],
          credit: INITIAL_CREDIT,
          nonce,
          instanceName: this.name,
        }
        const header = { peer: '', id: frames[FrameAt.id]!, subsystem: 'hello' }
        connection.send(vipMessage(header, ['welcome', '1.0', '', platform, welcomeArgument(welcome)]))
        session = this.federation.accept(platform, connection, hello, nonce)
        if (!session) connection.close('not known')
      },
      onClose: (reason) => {
        this.#connections.delete(connection)
        session?.onConnectionClosed(reason)
      },
    })
  }
}
