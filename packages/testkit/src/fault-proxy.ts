/**
 * A TCP proxy that misbehaves on command, to be put between any two processes. It listens on a free port of loopback and
 * passes bytes on to one target, until told otherwise.
 */

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'to-target' | 'to-client'

export interface Faults {
  /** Bytes are kept back, connections stay: a network that has gone quiet. */
  readonly paused: boolean
  /** Every chunk waits this long; order is kept. */
  readonly delayMs: number
  /** Bytes a second in each direction of each connection; 0 is no limit. */
  readonly bytesPerSecond: number
  /** New connections are accepted and closed at once. */
  readonly refusing: boolean
}

const none: Faults = { paused: false, delayMs: 0, bytesPerSecond: 0, refusing: false }

export interface FaultProxyTarget {
  readonly host: string
  readonly port: number
}

export class FaultProxy {
  readonly #server: Server
  readonly #target: FaultProxyTarget
  readonly #pairs = new Set<Pair>()
  #faults: Faults = none

  private constructor(server: Server, target: FaultProxyTarget) {
    this.#server = server
    this.#target = target
  }

  static async to(target: FaultProxyTarget): Promise<FaultProxy> {
    const server = createServer({ noDelay: true })
    const proxy = new FaultProxy(server, target)
    server.on('connection', (client) => proxy.#accept(client))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get host(): string {
    return '127.0.0.1'
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that pass through now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** Changes the faults given and keeps the others, for the connections there are and those to come. */
  set(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults }
    for (const pair of this.#pairs) pair.apply(this.#faults)
  }

  /** No faults any more; bytes that were kept back flow. */
  heal(): void {
    this.set(none)
  }

  /** Cuts all connections by a reset, as a crashed router does. */
  cut(): void {
    for (const pair of this.#pairs) pair.cut()
  }

  /** Both sides keep their connection, and nothing ever passes again: a peer that lost its power. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.halfOpen()
  }

  /** Flips one bit in the last byte of the next chunk that passes in that direction: damage that no framing notices. */
  flipNextByte(direction: Direction): void {
    for (const pair of this.#pairs) pair.lane(direction).flip = true
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #accept(client: Socket): void {
    if (this.#faults.refusing) return void client.on('error', () => {}).destroy()
    const pair = new Pair(client, connect({ ...this.#target, noDelay: true }), () => this.#pairs.delete(pair))
    this.#pairs.add(pair)
    pair.apply(this.#faults)
  }
}

/** One client connection and its counterpart at the target. */
class Pair {
  readonly #sockets: readonly [client: Socket, target: Socket]
  readonly #lanes: Record<Direction, Lane>

  constructor(client: Socket, target: Socket, gone: () => void) {
    this.#sockets = [client, target]
    this.#lanes = { 'to-target': new Lane(client, target), 'to-client': new Lane(target, client) }
    for (const socket of this.#sockets) {
      socket.on('error', () => {})
      socket.on('close', () => {
        // A half-open pair has lost one side only: the other one is still ours to close.
        if (this.#sockets.every(({ destroyed }) => destroyed)) gone()
        for (const lane of Object.values(this.#lanes)) lane.end()
      })
    }
  }

  lane(direction: Direction): Lane {
    return this.#lanes[direction]
  }

  apply(faults: Faults): void {
    for (const lane of Object.values(this.#lanes)) lane.apply(faults)
  }

  cut(): void {
    for (const lane of Object.values(this.#lanes)) lane.drop()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  halfOpen(): void {
    for (const lane of Object.values(this.#lanes)) lane.deaf = true
  }
}

/** One direction of a pair. What it holds back is bounded by pausing the source. */
class Lane {
  /** The next chunk is to arrive damaged. */
  flip = false
  /** Everything is swallowed. */
  deaf = false
  readonly #from: Socket
  readonly #to: Socket
  #faults: Faults = none
  readonly #held: { readonly chunk: Buffer; readonly dueAt: number }[] = []
  #timer: NodeJS.Timeout | undefined
  /** When the rate allows the next chunk. */
  #freeAt = 0
  #ended = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    from.on('data', (chunk: Buffer) => this.#pass(chunk))
    from.on('end', () => this.end())
    to.on('drain', () => this.#from.resume())
  }

  apply(faults: Faults): void {
    this.#faults = faults
    if (faults.bytesPerSecond === 0) this.#freeAt = 0
    this.#flush()
  }

  /** The source has ended: so does the other side, after what is held back. */
  end(): void {
    this.#ended = true
    this.#flush()
  }

  drop(): void {
    clearTimeout(this.#timer)
    this.#held.length = 0
  }

  #pass(chunk: Buffer): void {
    if (this.deaf) return
    if (this.flip) {
      this.flip = false
      chunk[chunk.length - 1]! ^= 1
    }
    this.#held.push({ chunk, dueAt: performance.now() + this.#faults.delayMs })
    this.#flush()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    while (!this.#faults.paused) {
      const next = this.#held[0]
      if (!next) break
      const waitMs = Math.max(next.dueAt, this.#freeAt) - performance.now()
      if (waitMs > 0) return this.#later(waitMs)
      this.#held.shift()
      if (this.#to.writable && !this.#to.write(next.chunk)) this.#from.pause()
      const { bytesPerSecond } = this.#faults
      if (bytesPerSecond === 0) continue
      this.#from.pause()
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (next.chunk.length / bytesPerSecond) * 1_000
    }
    if (this.#faults.paused) return void this.#from.pause()
    if (this.#ended && !this.deaf) return void this.#to.end()
    const waitMs = this.#freeAt - performance.now()
    if (waitMs > 0) return this.#later(waitMs)
    if (!this.#to.writableNeedDrain) this.#from.resume()
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.#flush(), ms)
  }
}
