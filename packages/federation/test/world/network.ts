/** A network in memory: latency, partitions, dead hosts, half-open connections. Bytes on a connection keep their order. */
import type { Connection, ConnectionHandlers } from '@volttron/transport'
import { type PublicKey, VolttronError } from '@volttron/vip'
import type { DialTarget } from '../../src/index.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What the network knows of a platform. */
export interface Host {
  readonly name: string
  readonly publicKey: PublicKey
  /** Its connections have nothing but ZMTP heartbeats to find out that nobody is there any more. */
  readonly isClassic?: boolean
  /** The platform's name for a key its front door admits. */
  nameOf(key: PublicKey): string | undefined
  onUnknownKey(): void
  onConnection(connection: Connection, platform: string): void
}

const HELD_MS = 500
const DIAL_MS = 10_000
/** Silence after which a ZMTP heartbeat ends a connection. */
const HEARTBEAT_MS = 20_000

export class Network {
  readonly #time: VirtualTime
  readonly #random: () => number
  readonly #hosts = new Map<string, Host>()
  readonly #cut = new Set<string>()
  readonly #pipes = new Set<Pipe>()
  #connections = 0
  maxLatencyMs = 40

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time
    this.#random = random
  }

  listen(address: string, host: Host): void {
    this.#hosts.set(address, host)
  }

  unlisten(address: string, host: Host): void {
    if (this.#hosts.get(address) === host) this.#hosts.delete(address)
  }

  cut(one: string, other: string): void {
    this.#cut.add(pair(one, other))
    this.#time.at(HEARTBEAT_MS, () => {
      if (!this.isCut(one, other)) return
      for (const pipe of [...this.#pipes]) if (pipe.isClassic && pipe.touches(one) && pipe.touches(other)) pipe.break()
    })
  }

  heal(): void {
    this.#cut.clear()
    for (const pipe of this.#pipes) pipe.pump()
  }

  isCut(one: string, other: string): boolean {
    return this.#cut.has(pair(one, other))
  }

  latencyMs(): number {
    return 1 + this.#random() * this.maxLatencyMs
  }

  /** The platform is gone. `silently`: nobody is told, as when the power fails. */
  kill(name: string, silently: boolean): void {
    for (const pipe of [...this.#pipes]) {
      if (!pipe.touches(name)) continue
      pipe.kill(name, silently)
      if (silently && pipe.isClassic) this.#time.at(HEARTBEAT_MS, () => pipe.break())
    }
  }

  /** @param lives false once the dialling platform is dead: then the promise never settles */
  dial(from: Host, target: DialTarget, signal: AbortSignal, lives: () => boolean): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const untilMs = this.#time.nowMs + DIAL_MS
      const attempt = () => {
        if (signal.aborted || !lives()) return
        const host = this.#hosts.get(target.address)
        if (host && this.isCut(from.name, host.name)) {
          if (this.#time.nowMs > untilMs) reject(new VolttronError('timeout', `no answer from ${target.address}`))
          else this.#time.at(HELD_MS, attempt)
          return
        }
        if (!host) return reject(new VolttronError('unavailable', `${target.address} refuses connections`))
        if (host.publicKey !== target.publicKey)
          return reject(new VolttronError('config', `${target.address} has another key`))
        const name = host.nameOf(from.publicKey)
        if (name === undefined) {
          host.onUnknownKey()
          if (this.#time.nowMs > untilMs)
            reject(new VolttronError('timeout', `${target.address} does not know our key`))
          else this.#time.at(HELD_MS, attempt)
          return
        }
        const pipe = new Pipe(this, this.#time, from, host, `${++this.#connections}`)
        this.#pipes.add(pipe)
        pipe.onGone = () => this.#pipes.delete(pipe)
        host.onConnection(pipe.accepted, name)
        resolve(pipe.dialled)
      }
      signal.addEventListener('abort', () => reject(new VolttronError('unavailable', 'no longer wanted')), {
        once: true,
      })
      this.#time.at(3 * this.latencyMs(), attempt)
    })
  }
}

const pair = (one: string, other: string) => (one < other ? `${one} ${other}` : `${other} ${one}`)

/** Both ends of one connection. */
class Pipe {
  readonly dialled: End
  readonly accepted: End
  readonly isClassic: boolean
  onGone: () => void = () => {}
  readonly #network: Network

  constructor(network: Network, time: VirtualTime, from: Host, to: Host, id: string) {
    this.#network = network
    this.isClassic = from.isClassic === true || to.isClassic === true
    const isOpen = () => !network.isCut(from.name, to.name)
    const latency = () => network.latencyMs()
    this.dialled = new End(`${id}d`, 'dialled', from.name, to.publicKey, time, latency, isOpen)
    this.accepted = new End(`${id}a`, 'accepted', to.name, from.publicKey, time, latency, isOpen)
    this.dialled.other = this.accepted
    this.accepted.other = this.dialled
    const check = () => {
      if (this.dialled.isClosed && this.accepted.isClosed) this.onGone()
    }
    this.dialled.onClosed = check
    this.accepted.onClosed = check
  }

  /** Both ends find out that the other is not there. */
  break(): void {
    for (const end of [this.dialled, this.accepted]) end.lose()
  }

  touches(name: string): boolean {
    return this.dialled.owner === name || this.accepted.owner === name
  }

  kill(name: string, silently: boolean): void {
    for (const end of [this.dialled, this.accepted]) if (end.owner === name) end.die(silently)
  }

  pump(): void {
    if (this.#network.isCut(this.dialled.owner, this.accepted.owner)) return
    this.dialled.pump()
    this.accepted.pump()
  }
}

class End implements Connection {
  readonly counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  readonly pendingBytes = 0
  readonly routingId = ''
  readonly remote = 'memory'
  other!: End
  isClosed = false
  onClosed: () => void = () => {}
  readonly #time: VirtualTime
  readonly #latency: () => number
  readonly #isOpen: () => boolean
  #handlers: ConnectionHandlers | undefined
  /** On its way to us, in order: frames, or the end. */
  readonly #inbox: (Buffer[] | { readonly reason: string })[] = []
  #arrivalMs = 0
  #isDead = false

  readonly id: string
  readonly direction: 'accepted' | 'dialled'
  readonly owner: string
  readonly publicKey: PublicKey

  constructor(
    id: string,
    direction: 'accepted' | 'dialled',
    owner: string,
    publicKey: PublicKey,
    time: VirtualTime,
    latency: () => number,
    isOpen: () => boolean,
  ) {
    this.id = id
    this.direction = direction
    this.owner = owner
    this.publicKey = publicKey
    this.#time = time
    this.#latency = latency
    this.#isOpen = isOpen
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    this.pump()
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.isClosed || this.#isDead) return
    this.other.#arrive(frames.map((frame) => Buffer.from(frame)))
  }

  close(reason: string): void {
    if (this.isClosed || this.#isDead) return
    this.isClosed = true
    this.other.#arrive({ reason: 'the other side closed the connection' })
    this.#time.at(0, () => {
      if (!this.#isDead) this.#handlers?.onClose(reason)
      this.onClosed()
    })
  }

  silentForMs(): number {
    return 0
  }

  /** The owner is gone, and with it whatever was on its way to it. */
  die(silently: boolean): void {
    if (this.#isDead) return
    this.#isDead = true
    const wasClosed = this.isClosed
    this.isClosed = true
    this.#inbox.length = 0
    if (!silently && !wasClosed) this.other.#arrive({ reason: 'connection reset' })
    this.onClosed()
  }

  /** Nothing was heard for too long. */
  lose(): void {
    if (this.isClosed || this.#isDead) return
    this.isClosed = true
    this.#inbox.length = 0
    this.#handlers?.onClose('nothing was heard')
    this.onClosed()
  }

  #arrive(item: Buffer[] | { readonly reason: string }): void {
    // A dead host answers with a reset once somebody is there to do it; until then there is silence.
    if (this.#isDead) return
    this.#arrivalMs = Math.max(this.#arrivalMs, this.#time.nowMs + this.#latency())
    this.#time.at(
      this.#arrivalMs - this.#time.nowMs,
      () => {
        this.#inbox.push(item)
        this.pump()
      },
      false,
    )
  }

  pump(): void {
    while (this.#handlers && this.#inbox.length > 0 && this.#isOpen() && !this.isClosed && !this.#isDead) {
      const item = this.#inbox.shift()!
      if (Array.isArray(item)) this.#handlers.onMessage(item)
      else {
        this.isClosed = true
        this.#handlers.onClose(item.reason)
        this.onClosed()
      }
    }
  }
}
