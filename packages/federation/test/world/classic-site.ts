/**
 * A Python platform of the simulation, as volttron-lib-zmq 2.0.0rc11 behaves: one socket to each other platform that
 * reconnects by itself, hello until it is welcomed, then its list and its messages. What would end the real router ends it.
 */
import type { Connection } from '@volttron/transport'
import { FrameAt, frameText, isVipMessage, type KeyPair, type PublicKey, vipMessage } from '@volttron/vip'
import type { RegistryEntry } from '../../src/index.ts'
import type { Host } from './network.ts'
import { type Delivery, randomKeys, type World } from './site.ts'
import { SiteClock } from './virtual-time.ts'

const POLL_MS = 30_000
const RECONNECT_MS = 100
const HELLO_AGAIN_MS = [15_000, 15_000, 15_000, 15_000]
const WELCOME_AGAIN_MS = [1_000, 2_000, 5_000, 10_000]

/** One socket to another platform. */
interface Dealer {
  readonly entry: RegistryEntry
  isOver: boolean
  connection: Connection | undefined
  isConnected: boolean
}

export class ClassicSite implements Host {
  readonly isClassic = true
  readonly name: string
  readonly world: World
  readonly keys: KeyPair
  readonly address: string
  isUp = false
  /** Why the router has ended, where a message did that. */
  diedOf: string | undefined
  /** Prefixes for all platforms, by agent. */
  readonly subscriptions = new Map<string, Set<string>>()
  readonly deliveries: Delivery[] = []
  clock: SiteClock
  #dealers = new Map<string, Dealer>()
  #wanted = new Map<string, readonly string[]>()
  #accepted = new Set<Connection>()

  constructor(name: string, world: World) {
    this.name = name
    this.world = world
    this.keys = randomKeys(world.random)
    this.address = `tcp://${name}.test:22916`
    this.clock = new SiteClock(world.time, 0)
  }

  get publicKey(): PublicKey {
    return this.keys.publicKey
  }

  start(): void {
    if (this.isUp) return
    this.isUp = true
    this.clock = new SiteClock(this.world.time, 0)
    this.world.network.listen(this.address, this)
    this.#poll()
  }

  kill(): void {
    if (!this.isUp) return
    this.isUp = false
    this.clock.halt()
    this.world.network.unlisten(this.address, this)
    for (const dealer of this.#dealers.values()) dealer.isOver = true
    this.world.network.kill(this.name, false)
    this.#dealers = new Map()
    this.#wanted = new Map()
    this.#accepted = new Set()
    this.subscriptions.clear()
  }

  subscribe(agent: string, ...prefixes: string[]): void {
    this.subscriptions.set(agent, new Set([...(this.subscriptions.get(agent) ?? []), ...prefixes]))
    this.#sendLists()
  }

  unsubscribe(agent: string): void {
    this.subscriptions.delete(agent)
    this.#sendLists()
  }

  /** Publishes to other platforms; returns their names. */
  publish(topic: string, body: string, sender = 'agent'): string[] {
    const data = `{"sender": "${sender}", "bus": "", "headers": {"min_compatible_version": "3.0"}, "message": ${body}}`
    return [...this.#wanted.keys()].filter((name) => {
      const isWanted = this.#wanted.get(name)!.some((prefix) => topic.startsWith(prefix))
      return isWanted && this.#sendWhenConnected(name, 'pubsub', ['external_publish', topic, data], sender)
    })
  }

  /** Only then it sends anything. */
  isWelcomedBy(platform: string): boolean {
    return this.#dealers.get(platform)?.isConnected ?? false
  }

  wants(platform: string): readonly string[] {
    return this.#wanted.get(platform) ?? []
  }

  /** It admits everybody, as real ones do. */
  nameOf(): string {
    return 'anybody'
  }

  onUnknownKey(): void {}

  onConnection(connection: Connection): void {
    this.#accepted.add(connection)
    connection.start({
      onMessage: (frames) => {
        if (this.isUp) this.#route(connection, frames)
      },
      onClose: () => this.#accepted.delete(connection),
    })
  }

  /** The router's thread: whatever goes wrong in it ends the platform. */
  #route(connection: Connection, frames: Buffer[]): void {
    if (!isVipMessage(frames) || frames[FrameAt.peer]!.length > 0) return
    for (const frame of frames) if (/^(?:-\d+|\d{10,})$/.test(frameText(frame))) return this.#die('struct.error')
    const id = frames[FrameAt.id]!
    const [subsystem, op, first, second] = frames.slice(FrameAt.subsystem).map(frameText)
    const answer = (args: string[]) => connection.send(vipMessage({ peer: '', id, subsystem: subsystem! }, args))
    if (subsystem === 'hello') return answer(['welcome', '1.0', 'uuid', 'you'])
    if (subsystem === 'routing_table') {
      if (op !== 'hello') return this.#die(`routing_table ${op}`)
      return first === 'hello' ? this.#welcome(second!) : this.#onWelcome(second!)
    }
    if (subsystem !== 'pubsub') return this.#die(`subsystem ${subsystem}`)
    if (op === 'external_list') {
      const lists = JSON.parse(first!) as Record<string, readonly string[]>
      for (const [name, prefixes] of Object.entries(lists)) this.#wanted.set(name, prefixes)
      return answer(['request_response', 'true'])
    }
    if (op !== 'external_publish') return this.#die(`pubsub ${op}`)
    if (readsAsJson(first!)) return this.#die(`topic ${first}`)
    const { sender, message } = JSON.parse(second!)
    for (const [agent, prefixes] of this.subscriptions)
      if ([...prefixes].some((prefix) => first!.startsWith(prefix)))
        this.deliveries.push({ agent, topic: first!, origin: '', sender, body: String(message) })
  }

  #die(why: string): void {
    this.diedOf ??= why
    this.kill()
  }

  #poll(): void {
    this.clock.setTimer(POLL_MS, () => this.#poll())
    const { registry } = this.world
    const port = registry.port(this.name)
    const { signal } = new AbortController()
    const own = { id: this.name, address: this.address, public_credentials: this.keys.publicKey, group: 'default' }
    const { clock } = this
    const ask = async () => {
      await port.register({ ...own, dial_only: false }, this.keys, signal)
      const listed = await port.list({ since: undefined, waitMs: 0 }, signal)
      if (listed.outcome === 'listed' && this.clock === clock && this.isUp) this.#read(listed.platforms)
    }
    ask().catch(() => {})
  }

  #read(platforms: readonly unknown[]): void {
    for (const each of platforms) {
      const entry = each as RegistryEntry | null
      if (!entry?.address?.includes('.test:') || entry.dial_only || entry.id === this.name) continue
      const before = this.#dealers.get(entry.id)
      const isSame = before?.entry.address === entry.address
      if (isSame && before?.entry.public_credentials === entry.public_credentials) continue
      if (before) before.isOver = true
      before?.connection?.close('changed')
      const dealer: Dealer = { entry, isOver: false, connection: undefined, isConnected: false }
      this.#dealers.set(entry.id, dealer)
      this.#dial(dealer)
    }
  }

  #dial(dealer: Dealer): void {
    const { entry } = dealer
    const { clock } = this
    const isCurrent = () => this.clock === clock && this.isUp && !dealer.isOver
    const target = {
      platform: entry.id,
      address: entry.address,
      publicKey: entry.public_credentials as PublicKey,
      failures: 0,
    }
    const again = () => {
      if (isCurrent()) clock.setTimer(RECONNECT_MS, () => this.#dial(dealer))
    }
    this.world.network.dial(this, target, new AbortController().signal, isCurrent).then((connection) => {
      if (!isCurrent()) return connection.close('changed')
      dealer.connection = connection
      connection.start({
        // Read and thrown away.
        onMessage: () => {},
        onClose: () => {
          if (dealer.connection !== connection) return
          dealer.connection = undefined
          dealer.isConnected = false
          this.#wanted.delete(entry.id)
          again()
        },
      })
      this.#hello(dealer, connection, 0)
    }, again)
  }

  #hello(dealer: Dealer, connection: Connection, attempt: number): void {
    if (dealer.connection !== connection || dealer.isConnected || attempt > HELLO_AGAIN_MS.length) return
    this.#send(dealer, 'routing_table', ['hello', 'hello', this.name])
    this.clock.setTimer(HELLO_AGAIN_MS[attempt] ?? 0, () => this.#hello(dealer, connection, attempt + 1))
  }

  #welcome(name: string, attempt = 0): void {
    if (this.#sendWhenConnected(name, 'routing_table', ['hello', 'welcome', this.name], '', true)) return
    const delayMs = WELCOME_AGAIN_MS[attempt]
    if (delayMs !== undefined) this.clock.setTimer(delayMs, () => this.#welcome(name, attempt + 1))
  }

  #onWelcome(name: string): void {
    const dealer = this.#dealers.get(name)
    if (!dealer) return
    dealer.isConnected = true
    this.#sendList(name)
  }

  #sendLists(): void {
    for (const name of this.#dealers.keys()) this.#sendList(name)
  }

  #sendList(name: string): void {
    const prefixes = [...new Set([...this.subscriptions.values()].flatMap((own) => [...own]))]
    this.#sendWhenConnected(name, 'pubsub', ['external_list', JSON.stringify({ [this.name]: prefixes })])
  }

  #sendWhenConnected(name: string, subsystem: string, args: string[], user = '', always = false): boolean {
    const dealer = this.#dealers.get(name)
    if (!dealer?.connection || !(dealer.isConnected || always)) return false
    this.#send(dealer, subsystem, args, user)
    return true
  }

  #send(dealer: Dealer, subsystem: string, args: string[], user = ''): void {
    dealer.connection?.send(vipMessage({ peer: '', user, id: '', subsystem }, args))
  }
}

function readsAsJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return /^\s*[[{]/.test(text)
  }
}
