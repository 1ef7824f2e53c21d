/**
 * The ciphertext of one connection on its way between the client and its inner socket. Both ways; a side that does not take
 * bytes pauses the other. The first bytes of the inner socket, its greeting, are dropped: the client has it from us already.
 */
import type { Socket } from 'node:net'
import { GREETING_BYTES } from './zmtp-greeting.ts'

/** All frames of one message together, in largest frames. libzmq bounds frames only, and holds a message until it is whole. */
const MESSAGE_FRAMES = 4
/** Bytes that come without any message, in each millisecond: heartbeats. */
const HEARTBEAT_BYTES_PER_MS = 2

export interface BytePipeOptions {
  readonly outer: Socket
  readonly inner: Socket
  /** What the client has sent so far. */
  readonly early: Buffer
  /** Largest frame. */
  readonly messageBytes: number
  /** How many messages have come out of the inner socket. */
  readonly messagesRead: () => number
  /** More bytes came than one message may have, and no message. */
  readonly onFlood: () => void
}

export class BytePipe {
  /** Monotonic time of the last byte from the client. */
  lastByteAt = performance.now()

  readonly #options: BytePipeOptions
  #greetingLeft = GREETING_BYTES
  /** Bytes since the last message came out of the inner socket, which was the `#readMessages`th, and when that was noticed. */
  #unreadBytes = 0
  #readMessages = 0
  #unreadSince = this.lastByteAt

  constructor(options: BytePipeOptions) {
    this.#options = options
    const { outer, inner, early, onFlood } = options
    inner.on('connect', () => {
      inner.write(early)
      outer.on('data', (chunk: Buffer) => {
        this.lastByteAt = performance.now()
        if (this.#isFlooding(chunk.length)) return onFlood()
        if (inner.writable && !inner.write(chunk)) outer.pause()
      })
      outer.on('end', () => inner.end())
      outer.resume()
    })
    inner.on('drain', () => outer.resume())
    inner.on('data', (chunk: Buffer) => {
      const bytes = this.#greetingLeft > 0 ? this.#dropGreeting(chunk) : chunk
      if (bytes.length > 0 && outer.writable && !outer.write(bytes)) inner.pause()
    })
    outer.on('drain', () => inner.resume())
    inner.on('error', () => {})
  }

  /** A message that never ends would stay in libzmq, frame after frame, where nothing bounds it. */
  #isFlooding(bytes: number): boolean {
    const read = this.#options.messagesRead()
    if (read !== this.#readMessages) {
      this.#readMessages = read
      this.#unreadBytes = 0
      this.#unreadSince = this.lastByteAt
    }
    this.#unreadBytes += bytes
    const heartbeats = (this.lastByteAt - this.#unreadSince) * HEARTBEAT_BYTES_PER_MS
    return this.#unreadBytes > this.#options.messageBytes * MESSAGE_FRAMES + heartbeats
  }

  #dropGreeting(chunk: Buffer): Buffer {
    const dropped = Math.min(this.#greetingLeft, chunk.length)
    this.#greetingLeft -= dropped
    return chunk.subarray(dropped)
  }
}
