/**
 * A {@link Connection} on top of one zeromq socket that has exactly one peer: the inner Router of the front door, or a
 * dialled Dealer. It owns the socket, the send queue and the reading; who owns the bytes below tells it when they ended.
 *
 * Sockets have `sendTimeout: 0`: a send completes at once or fails with EAGAIN, and is then tried again here, after each
 * message read and at short intervals. To wait for room inside zeromq.js is no way: its poller is edge-triggered, and a
 * `receive()` that finds nothing takes the edge that the waiting send needs, which then waits for ever (seen with 6.8.0).
 * What waits is counted in {@link pendingBytes}. The socket is always read, with a budget per turn.
 */
import { describeError, type PublicKey } from '@volttron/vip'
import type { Dealer, Router } from 'zeromq'
import type { Connection, ConnectionCounters, ConnectionHandlers } from './connection.ts'

/** What one connection may take of one event-loop turn before the others get theirs. */
const TURN_MESSAGES = 8
const TURN_BYTES = 256 * 1024
const TURN_MS = 1

/** Pauses between two tries of a send that found no room: the first, doubled up to the last. */
const RETRY_MS = { first: 1, last: 4 }
/** What a connection that has ended may still take to hand over what has arrived. */
const DRAIN_MS = 250
/** What the other process said last may take so long to be read after its lifeline (side-door.ts) has ended. */
const LAST_BYTES_MS = 1_000

/** What an array and the object of a Buffer take beside the bytes. */
const MESSAGE_COST_BYTES = 64
const FRAME_COST_BYTES = 96
/** Buffers up to this size are those that Node cuts small ones from. */
const PINNED_BYTES = 16 * 1024

export interface SocketConnectionOptions {
  readonly id: string
  readonly direction: Connection['direction']
  readonly remote: string
  readonly publicKey: PublicKey
  readonly socket: Router | Dealer
  /** The routing id frame a Router puts before every message; none on a Dealer. */
  readonly envelope?: Buffer
  /** A message read before the connection was made. */
  readonly first?: Buffer[]
  /** Monotonic time of the last byte from the peer; without it the last message counts. */
  readonly lastByteAt?: () => number
  /**
   * Tells the other side that these messages were all, so that it closes when it has read them. Without it, to close the
   * socket tells so. At a path socket that would lose what libzmq (4.3.5) has not read yet because its queue was full.
   */
  readonly farewell?: ((messages: number) => void) | undefined
  /** Closes the socket when nothing lingers; absent: it is closed at once. */
  readonly closeSocket?: (() => void) | undefined
  /** Called once, when the connection is closed: `lingerMs` is what the bytes below may still take to leave. */
  readonly release: (reason: string, lingerMs: number) => void
}

export class SocketConnection implements Connection {
  readonly id: string
  readonly direction: Connection['direction']
  readonly remote: string
  readonly publicKey: PublicKey
  readonly routingId: string
  readonly counters: ConnectionCounters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  pendingBytes = 0

  readonly #socket: Router | Dealer
  readonly #envelope: Buffer | undefined
  readonly #closeSocket: () => void
  readonly #release: SocketConnectionOptions['release']
  readonly #farewell: SocketConnectionOptions['farewell']
  readonly #lastByteAt: () => number
  #first: Buffer[] | undefined
  #lastMessageAt = performance.now()
  #handlers: ConnectionHandlers | undefined
  /** `closing`: {@link close} waits for the queue. `closed`: over. */
  #state: 'open' | 'closing' | 'closed' = 'open'
  #closeReason = ''
  #lingerUntil = 0
  #lingerTimer: NodeJS.Timeout | undefined
  /** Set when the bytes below ended: what has arrived is still delivered, then the connection closes. */
  #endReason: string | undefined
  /** Set by the other side's farewell: this many messages come in all, and then the connection closes for this reason. */
  #last = { messages: Number.POSITIVE_INFINITY, reason: '' }
  #reading = false
  #queue: (readonly Uint8Array[])[] = []
  #queueHead = 0
  #sending = false
  #inFlight: readonly Uint8Array[] = []
  #inFlightCost = 0
  #retryMs = RETRY_MS.first
  #retryTimer: NodeJS.Timeout | undefined
  #drainTimer: NodeJS.Timeout | undefined
  #peerLeftTimer: NodeJS.Timeout | undefined

  constructor(options: SocketConnectionOptions) {
    this.id = options.id
    this.direction = options.direction
    this.remote = options.remote
    this.publicKey = options.publicKey
    this.#socket = options.socket
    this.#envelope = options.envelope
    this.routingId = options.envelope?.toString() ?? ''
    this.#first = options.first
    this.#closeSocket = options.closeSocket ?? (() => options.socket.close())
    this.#release = options.release
    this.#farewell = options.farewell
    this.#lastByteAt = options.lastByteAt ?? (() => this.#lastMessageAt)
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.#state !== 'open' || this.#endReason !== undefined) return
    const cost = costOf(frames)
    this.pendingBytes += cost
    this.counters.messagesOut++
    this.counters.bytesOut += byteLength(frames)
    if (this.#sending) this.#queue.push(frames.map(unpinned))
    else this.#hand(frames, cost)
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.#state === 'closed') return handlers.onClose(this.#closeReason)
    const first = this.#first
    this.#first = undefined
    if (first) this.#deliver(first)
    this.#reading = true
    void this.#read()
    this.#finishIfDrained()
  }

  close(reason: string, lingerMs = 0): void {
    if (this.#state !== 'open') return
    this.#closeReason = reason
    if (lingerMs <= 0 || this.#endReason !== undefined) return this.#finish(reason, 0)
    this.#state = 'closing'
    this.#lingerUntil = performance.now() + lingerMs
    this.#lingerTimer = setTimeout(() => this.#finish(reason, 0), lingerMs)
    if (!this.#sending) this.#finishLingering()
  }

  silentForMs(): number {
    return Math.max(0, performance.now() - this.#lastByteAt())
  }

  /** The bytes below ended. Messages that have arrived are delivered, then `onClose` follows. */
  end(reason: string): void {
    if (this.#endReason !== undefined || this.#state === 'closed') return
    this.#endReason = reason
    if (this.#state === 'closing') return this.#finish(this.#closeReason, 0)
    this.#finishIfDrained()
  }

  /** The other side said that so many messages are all it sends. Closes when they have been read. */
  endAfter(messages: number, reason: string): void {
    // Nobody reads the last words of those who leave together.
    if (this.#state === 'closing') return this.#finish(this.#closeReason, 0)
    this.#last = { messages, reason }
    this.#finishIfComplete()
  }

  /** The other process has gone, or has no wish to hear more. What it sent last is read within a second, then it is over. */
  peerLeft(reason: string): void {
    if (this.#state === 'closing') return this.#finish(this.#closeReason, 0)
    if (this.#state === 'open') this.#peerLeftTimer ??= setTimeout(() => this.end(reason), LAST_BYTES_MS)
  }

  #hand(frames: readonly Uint8Array[], cost: number): void {
    this.#sending = true
    this.#inFlight = frames
    this.#inFlightCost = cost
    const message = this.#envelope ? [this.#envelope, ...frames] : frames
    this.#socket.send(message as Buffer[]).then(this.#sent, this.#sendFailed)
  }

  readonly #sent = (): void => {
    this.#sending = false
    this.#retryMs = RETRY_MS.first
    if (this.#state === 'closed') return
    this.pendingBytes -= this.#inFlightCost
    const next = this.#queue[this.#queueHead]
    if (next) {
      this.#queue[this.#queueHead++] = []
      if (this.#queueHead === this.#queue.length) {
        this.#queue = []
        this.#queueHead = 0
      }
      return this.#hand(next, costOf(next))
    }
    if (this.#state === 'closing') return this.#finishLingering()
    try {
      this.#handlers?.onDrain?.()
    } catch (error) {
      this.#fault(error)
    }
  }

  /** The peer is gone (EHOSTUNREACH) or the socket closed meanwhile: the end is reported by whoever owns the bytes. */
  readonly #sendFailed = (error: unknown): void => {
    if (this.#state === 'closed') return
    if (isAgain(error)) {
      this.#retryTimer = setTimeout(() => this.#retry(), this.#retryMs)
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.last)
      return
    }
    this.#sending = false
    this.pendingBytes = 0
    this.#queue = []
    this.#queueHead = 0
    if (this.#state === 'closing') this.#finish(this.#closeReason, 0)
  }

  #retry(): void {
    if (this.#retryTimer === undefined || this.#state === 'closed') return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#hand(this.#inFlight, this.#inFlightCost)
  }

  async #read(): Promise<void> {
    let messages = 0
    let bytes = 0
    let turnStartedAt = performance.now()
    try {
      while (this.#state === 'open') {
        const frames = await this.#socket.receive()
        this.#lastMessageAt = performance.now()
        if (this.#state !== 'open') break
        if (this.#envelope && !frames.shift()?.equals(this.#envelope)) {
          return this.close('the peer changed its routing id')
        }
        messages++
        bytes += this.#deliver(frames)
        this.#retry()
        if (this.#endReason !== undefined) this.#finishIfDrained()
        if (messages >= TURN_MESSAGES || bytes >= TURN_BYTES || performance.now() - turnStartedAt >= TURN_MS) {
          await nextTurn()
          messages = 0
          bytes = 0
          turnStartedAt = performance.now()
        }
      }
    } catch {
      // receive() rejects when the socket was closed; any other failure of it means that it is unusable.
      this.close('the socket cannot be read any more')
    }
  }

  #deliver(frames: Buffer[]): number {
    const bytes = byteLength(frames)
    this.counters.messagesIn++
    this.counters.bytesIn += bytes
    try {
      this.#handlers?.onMessage(frames)
    } catch (error) {
      this.#fault(error)
    }
    this.#finishIfComplete()
    return bytes
  }

  /** A fault in a handler costs its connection, never the platform. */
  #fault(error: unknown): void {
    this.close(`a handler failed: ${describeError(error)}`)
  }

  #finishIfDrained(): void {
    if (this.#endReason === undefined || !this.#reading || this.#state === 'closed') return
    if (!this.#socket.readable) return this.#finish(this.#endReason, 0)
    // Asking for `readable` may have taken the edge that the reading waits for: it must not wait for ever.
    const reason = this.#endReason
    this.#drainTimer ??= setTimeout(() => this.#finish(reason, 0), DRAIN_MS)
  }

  #finishIfComplete(): void {
    if (this.counters.messagesIn >= this.#last.messages) this.#finish(this.#last.reason, 0)
  }

  /** All has been handed to the socket. */
  #finishLingering(): void {
    if (this.#farewell) return this.#farewell(this.counters.messagesOut)
    this.#finish(this.#closeReason, Math.max(1, this.#lingerUntil - performance.now()))
  }

  #finish(reason: string, lingerMs: number): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#closeReason = reason
    this.pendingBytes = 0
    this.#queue = []
    for (const timer of [this.#lingerTimer, this.#retryTimer, this.#drainTimer, this.#peerLeftTimer])
      clearTimeout(timer)
    this.#socket.linger = Math.ceil(lingerMs)
    if (lingerMs > 0) this.#socket.close()
    else this.#closeSocket()
    this.#release(reason, lingerMs)
    try {
      this.#handlers?.onClose(reason)
    } catch {
      // The connection is closed already: there is nothing left that the fault could cost.
    }
  }
}

/** Memory that a waiting message takes: many small ones cost more than their bytes. */
const costOf = (frames: readonly Uint8Array[]): number =>
  byteLength(frames) + MESSAGE_COST_BYTES + frames.length * FRAME_COST_BYTES

/** A frame that waits must not keep a whole batch alive of which it is a small part. */
const unpinned = (frame: Uint8Array): Uint8Array =>
  frame.buffer.byteLength > PINNED_BYTES && frame.length * 2 < frame.buffer.byteLength ? Buffer.from(frame) : frame

function byteLength(frames: readonly Uint8Array[]): number {
  let bytes = 0
  for (const frame of frames) bytes += frame.length
  return bytes
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const isAgain = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN'
