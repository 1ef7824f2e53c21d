/**
 * A Dealer with CURVE, as the Python client library opens it: its limits, no ZMTP heartbeats, one ZeroMQ message per VIP
 * message. The one place outside packages/transport that imports zeromq: what is measured through it must not owe anything
 * to our own transport.
 */
import { type KeyPair, type PublicKey, toZ85 } from '@volttron/vip'
import { Dealer } from 'zeromq'

export interface ClassicSocketOptions {
  readonly address: string
  readonly identity: string
  readonly serverKey: PublicKey
  readonly keys: KeyPair
  readonly onMessage: (frames: Buffer[]) => void
}

/** Messages either side of a Python socket holds. */
const HIGH_WATER_MARK = 6_000
/** Pause before a send that found no room is tried again. */
const RETRY_MS = 1
const LINGER_MS = 500
/** Messages that are read before the event loop gets a turn. */
const TURN_MESSAGES = 64

export class ClassicSocket {
  readonly #socket: Dealer
  readonly #options: ClassicSocketOptions
  #queue: Buffer[][] = []
  #isSending = false
  #isOpen = true

  constructor(options: ClassicSocketOptions) {
    this.#options = options
    this.#socket = new Dealer({
      routingId: options.identity,
      curveServerKey: toZ85(options.serverKey),
      curvePublicKey: toZ85(options.keys.publicKey),
      curveSecretKey: toZ85(options.keys.secretKey),
      immediate: true,
      sendHighWaterMark: HIGH_WATER_MARK,
      receiveHighWaterMark: HIGH_WATER_MARK,
      // A send that waits inside zeromq.js can miss its wake-up while a receive is pending: it fails at once instead.
      sendTimeout: 0,
      tcpKeepalive: 1,
    })
    this.#socket.connect(options.address)
    void this.#read()
  }

  send(frames: Buffer[]): void {
    this.#queue.push(frames)
    if (!this.#isSending) void this.#flush()
  }

  /** What the socket has taken may still leave for a moment. */
  close(): void {
    this.#isOpen = false
    this.#queue = []
    this.#socket.linger = LINGER_MS
    this.#socket.close()
  }

  async #flush(): Promise<void> {
    this.#isSending = true
    while (this.#queue.length > 0 && this.#isOpen) {
      const batch = this.#queue
      this.#queue = []
      for (const frames of batch) await this.#hand(frames)
    }
    this.#isSending = false
  }

  async #hand(frames: Buffer[]): Promise<void> {
    while (this.#isOpen) {
      try {
        return await this.#socket.send(frames)
      } catch (error) {
        if (!this.#isOpen) return
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  async #read(): Promise<void> {
    for (let read = 1; this.#isOpen; read++) {
      let frames: Buffer[]
      try {
        frames = await this.#socket.receive()
      } catch (error) {
        if (!this.#isOpen) return
        throw error
      }
      this.#options.onMessage(frames)
      if (read % TURN_MESSAGES === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }
}
