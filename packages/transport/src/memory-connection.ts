/**
 * The in-memory twin of a connection: same interface, same order of events, no sockets and no timers of its own. Time
 * and turns come from an injected {@link Scheduler}, so a virtual clock can drive thousands of platforms.
 *
 * ```
 * send() -> outbox (pendingBytes) -> wire (one window, takes the latency) -> onMessage of the other side
 * ```
 */
import { describeError, type PublicKey } from '@volttron/vip'
import type { Connection, ConnectionCounters, ConnectionHandlers } from './connection.ts'

export interface Scheduler {
  /** Monotonic milliseconds. */
  now(): number
  /** Runs `task` after `delayMs`, never at once; tasks of the same time in the order of the calls. */
  schedule(delayMs: number, task: () => void): void
}

/** What lies between two ends; it may change while they are connected. */
export interface MemoryPath {
  readonly latencyMs: number
  /** Nothing passes; what is under way waits, as it does in TCP. */
  readonly blocked: boolean
}

/** What the sockets of a real connection take in one direction before `pendingBytes` grows. */
const WINDOW_BYTES = 512 * 1024

export interface MemoryEnd {
  readonly id: string
  readonly direction: Connection['direction']
  /** The other side, as this one sees it. */
  readonly remote: string
  readonly publicKey: PublicKey
  readonly routingId: string
}

/** What the network wants to know of its side of a pair. */
export interface MemoryEvents {
  /** The first message has crossed the wire: somebody may start this end now. */
  readonly arrived?: () => void
  readonly closed?: () => void
}

interface Parcel {
  readonly frames: readonly Uint8Array[]
  readonly bytes: number
  dueAt: number
}

export class MemoryConnection implements Connection {
  readonly id: string
  readonly direction: Connection['direction']
  readonly remote: string
  readonly publicKey: PublicKey
  readonly routingId: string
  readonly counters: ConnectionCounters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  pendingBytes = 0

  readonly #scheduler: Scheduler
  readonly #path: MemoryPath
  #peer!: MemoryConnection
  #events: MemoryEvents = {}
  #arrived = false
  #handlers: ConnectionHandlers | undefined
  #closedFor: string | undefined
  /** A linger runs: the outbox still leaves, nothing is delivered any more. */
  #lingering = false
  #lingerReason = ''
  readonly #outbox: Parcel[] = []
  /** On its way to the peer, oldest first. */
  readonly #wire: Parcel[] = []
  #wireBytes = 0
  /** After the last parcel the peer learns that we have gone. */
  #farewell = false
  #pumping = false
  #lastByteAt: number

  private constructor(end: MemoryEnd, scheduler: Scheduler, path: MemoryPath) {
    this.id = end.id
    this.direction = end.direction
    this.remote = end.remote
    this.publicKey = end.publicKey
    this.routingId = end.routingId
    this.#scheduler = scheduler
    this.#path = path
    this.#lastByteAt = scheduler.now()
  }

  /** Two ends of one connection, joined by `path`; `farEvents` concern the second. */
  static pair(
    ends: readonly [MemoryEnd, MemoryEnd],
    scheduler: Scheduler,
    path: MemoryPath,
    farEvents: (far: MemoryConnection) => MemoryEvents = () => ({}),
  ): readonly [MemoryConnection, MemoryConnection] {
    const near = new MemoryConnection(ends[0], scheduler, path)
    const far = new MemoryConnection(ends[1], scheduler, path)
    near.#peer = far
    far.#peer = near
    far.#events = farEvents(far)
    return [near, far]
  }

  get closed(): boolean {
    return this.#closedFor !== undefined
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.closed || this.#lingering) return
    let bytes = 0
    for (const frame of frames) bytes += frame.length
    this.pendingBytes += bytes
    this.counters.messagesOut++
    this.counters.bytesOut += bytes
    this.#outbox.push({ frames, bytes, dueAt: 0 })
    this.#pumpSoon(0)
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.#closedFor !== undefined) return handlers.onClose(this.#closedFor)
    this.#peer.#pumpSoon(0)
  }

  close(reason: string, lingerMs = 0): void {
    if (this.closed || this.#lingering) return
    if (lingerMs > 0 && this.#outbox.length > 0) {
      this.#lingering = true
      this.#lingerReason = reason
      return this.#scheduler.schedule(lingerMs, () => this.#finish(reason))
    }
    this.#finish(reason)
  }

  silentForMs(): number {
    return this.#scheduler.now() - this.#lastByteAt
  }

  /** The wire is cut: what is on it is lost, and both sides learn it in their next turn. */
  cut(reason: string): void {
    for (const end of [this, this.#peer]) {
      end.#wire.length = 0
      end.#scheduler.schedule(0, () => end.#finish(reason))
    }
  }

  /** The path has changed: look again at what waits. */
  pathChanged(): void {
    this.#pumpSoon(0)
    this.#peer.#pumpSoon(0)
  }

  #pumpSoon(delayMs: number): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#scheduler.schedule(delayMs, () => {
      this.#pumping = false
      this.#pump()
    })
  }

  /** Moves what it can from the outbox to the wire, and from the wire to the peer. */
  #pump(): void {
    this.#fillWire()
    if (this.#path.blocked) return
    const now = this.#scheduler.now()
    for (let parcel = this.#wire[0]; parcel && parcel.dueAt <= now; parcel = this.#wire[0]) {
      this.#peer.#announce()
      if (!this.#peer.#takes()) return
      this.#wire.shift()
      this.#wireBytes -= parcel.bytes
      this.#peer.#deliver(parcel)
    }
    const next = this.#wire[0]
    if (next) return this.#pumpSoon(next.dueAt - now)
    if (this.#outbox.length > 0) return this.#pumpSoon(0)
    if (this.#farewell) this.#peer.#finish('the peer closed the connection')
  }

  #fillWire(): void {
    const wasPending = this.pendingBytes > 0
    while (this.#outbox.length > 0 && (this.#wireBytes < WINDOW_BYTES || this.#wire.length === 0)) {
      const parcel = this.#outbox.shift()!
      parcel.dueAt = this.#scheduler.now() + this.#path.latencyMs
      this.#wire.push(parcel)
      this.#wireBytes += parcel.bytes
      this.pendingBytes -= parcel.bytes
    }
    if (this.#outbox.length > 0) return
    if (this.#lingering) return this.#finish(this.#lingerReason)
    if (wasPending && !this.closed) this.#call(() => this.#handlers?.onDrain?.())
  }

  #announce(): void {
    if (this.#arrived) return
    this.#arrived = true
    if (!this.closed) this.#call(() => this.#events.arrived?.())
  }

  /** A side that is gone swallows; one that has not started makes the wire wait. */
  #takes(): boolean {
    return this.closed || this.#lingering || this.#handlers !== undefined
  }

  #deliver(parcel: Parcel): void {
    if (this.closed || this.#lingering) return
    this.#lastByteAt = this.#scheduler.now()
    this.counters.messagesIn++
    this.counters.bytesIn += parcel.bytes
    this.#call(() => this.#handlers?.onMessage(parcel.frames.map(asBuffer)))
  }

  #call(handler: () => void): void {
    try {
      handler()
    } catch (error) {
      this.close(`a handler failed: ${describeError(error)}`)
    }
  }

  #finish(reason: string): void {
    if (this.closed) return
    this.#closedFor = reason
    this.#lingering = false
    this.#outbox.length = 0
    this.pendingBytes = 0
    this.#farewell = true
    this.#pumping = false
    this.#pumpSoon(this.#wire.length > 0 ? 0 : this.#path.latencyMs)
    this.#events.closed?.()
    this.#call(() => this.#handlers?.onClose(reason))
  }
}

/** The sender has given the bytes away, so they need no copy. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export interface MemoryPairOptions {
  readonly scheduler: Scheduler
  /** default 0 */
  readonly latencyMs?: number
  /** Keys as the ends see each other: the first is the dialler's. */
  readonly keys: readonly [dialler: PublicKey, server: PublicKey]
  readonly routingId?: string
}

/** A dialled connection and its accepted counterpart, without a network around them. */
export function memoryPair(
  options: MemoryPairOptions,
): readonly [dialled: MemoryConnection, accepted: MemoryConnection] {
  const { scheduler, latencyMs = 0, keys, routingId = '' } = options
  const dialled: MemoryEnd = {
    id: 'memory-dialled',
    direction: 'dialled',
    remote: 'memory:accepted',
    publicKey: keys[1],
    routingId: '',
  }
  const accepted: MemoryEnd = {
    id: 'memory-accepted',
    direction: 'accepted',
    remote: 'memory:dialled',
    publicKey: keys[0],
    routingId,
  }
  return MemoryConnection.pair([dialled, accepted], scheduler, { latencyMs, blocked: false })
}
