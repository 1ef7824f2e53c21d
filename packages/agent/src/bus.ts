/**
 * What the subsystems see of the connection: they send messages and requests, and get the messages of their subsystem. It
 * stays the same over reconnects.
 */
import { sequentialIds } from '@volttron/rpc'
import {
  FrameAt,
  frameText,
  isVipMessage,
  looksLikeJson,
  type VipHeader,
  VolttronError,
  vipMessage,
} from '@volttron/vip'
import { checkSize, DEFAULT_TIMEOUT_MS } from './limits.ts'
import type { Outbox } from './outbox.ts'
import type { AgentPorts } from './ports.ts'
import { Requests } from './requests.ts'
import type { Wire } from './wire.ts'

/** A VIP message as its subsystem gets it. The buffers are gone when the handler returns: copy what is kept. */
export interface Incoming {
  /** Identity of the sender; `''` is the router. */
  readonly peer: string
  /** Opaque: an answer carries the same bytes. */
  readonly id: Buffer
  readonly args: Buffer[]
}

export interface BusOptions {
  readonly identity: string
  readonly ports: AgentPorts
  readonly outbox: Outbox
  /** Something went wrong that nobody waits for. */
  readonly report: (error: unknown) => void
}

export class Bus {
  readonly identity: string
  readonly ports: AgentPorts
  readonly outbox: Outbox
  readonly report: (error: unknown) => void
  readonly requests: Requests
  /** Message ids; they serve RPC too and never read as JSON. */
  readonly newId: () => string
  readonly #handlers = new Map<string, (message: Incoming) => void>()
  readonly #attachListeners: (() => void)[] = []
  #wire: Wire | undefined

  constructor({ identity, ports, outbox, report }: BusOptions) {
    this.identity = identity
    this.ports = ports
    this.outbox = outbox
    this.report = report
    this.requests = new Requests(ports)
    this.newId = sequentialIds(Math.floor(ports.random() * 36 ** 6).toString(36))
  }

  /** The present connection; `undefined` while there is none. */
  get wire(): Wire | undefined {
    return this.#wire
  }

  attach(wire: Wire): void {
    this.#wire = wire
    this.outbox.attach(wire)
    for (const listener of this.#attachListeners) listener()
  }

  /** Calls `listener` on each new connection, when messages can be sent. */
  onAttach(listener: () => void): void {
    this.#attachListeners.push(listener)
  }

  /** The connection is gone: requests that wait for an answer are rejected. */
  detach(reason: string): void {
    this.#wire?.close()
    this.#wire = undefined
    this.outbox.detach()
    this.requests.failAll(reason)
  }

  /** Registers who handles the messages of a subsystem. */
  handle(subsystem: string, handler: (message: Incoming) => void): void {
    this.#handlers.set(subsystem, handler)
  }

  /** Gives one message to its subsystem. Whatever it holds, it does no harm. */
  receive(frames: Buffer[]): void {
    if (!isVipMessage(frames)) return
    const handler = this.#handlers.get(frameText(frames[FrameAt.subsystem]!))
    if (!handler) return
    try {
      handler({ peer: frameText(frames[FrameAt.peer]!), id: frames[FrameAt.id]!, args: frames.slice(FrameAt.args) })
    } catch (error) {
      this.report(error)
    }
  }

  /**
   * Sends a message behind all that waits.
   *
   * @throws VolttronError `unavailable` without a connection or with a full send queue
   */
  send(subsystem: string, peer: string, id: string | Uint8Array, args: readonly (string | Uint8Array)[]): void {
    const frames = this.#message({ peer, id, subsystem }, args)
    if (!this.outbox.offerFrames(frames)) throw queueFull(this.identity)
  }

  /**
   * Sends a message ahead of all that waits: what the router should know at once.
   *
   * @throws VolttronError `unavailable` without a connection or when too much waits even so
   */
  sendAhead(subsystem: string, peer: string, id: string, args: readonly (string | Uint8Array)[], user = ''): void {
    const frames = this.#message({ peer, user, id, subsystem }, args)
    if (!this.outbox.sendAhead(frames)) throw queueFull(this.identity)
  }

  /** Sends an answer ahead of all that waits; without connection or room it is dropped, as the asker will ask again. */
  answer(subsystem: string, to: Incoming, args: readonly (string | Uint8Array)[]): void {
    // It may wait: the bytes of the request are copied.
    const kept = args.map((arg) => (typeof arg === 'string' ? arg : Buffer.from(arg)))
    this.outbox.sendAhead(vipMessage({ peer: to.peer, id: Buffer.from(to.id), subsystem }, kept))
  }

  /**
   * Sends a request and waits for the arguments of its answer.
   *
   * @param what names the request in errors: `subscribe to 'devices'`
   */
  async request(
    subsystem: string,
    args: readonly (string | Uint8Array)[],
    what: string,
    options: { readonly peer?: string; readonly user?: string; readonly timeoutMs?: number | undefined } = {},
  ): Promise<Buffer[]> {
    const id = this.newId()
    this.sendAhead(subsystem, options.peer ?? '', id, args, options.user)
    return this.requests.wait(id, what, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  }

  #message(header: VipHeader & { readonly peer: string }, args: readonly (string | Uint8Array)[]): Uint8Array[] {
    if (!this.#wire) throw notConnected(this.identity)
    // A Python router takes such a name for a number, and a number stops it.
    if (!this.#wire.batched && looksLikeJson(header.peer)) {
      throw new VolttronError(
        'usage',
        `the peer name '${header.peer}' reads as JSON: a classic platform would misread it`,
      )
    }
    const bytes = args.reduce((sum, arg) => sum + arg.length, 0)
    checkSize(bytes, `the ${header.subsystem} message to '${header.peer}'`)
    return vipMessage(header, args)
  }
}

export const notConnected = (identity: string): VolttronError =>
  new VolttronError('unavailable', `agent '${identity}' is not connected to its platform`, {
    hint: "wait for the event 'connected'",
  })

export const queueFull = (identity: string): VolttronError =>
  new VolttronError('unavailable', `the send queue of agent '${identity}' is full`, {
    hint: "send more slowly, or wait for the event 'drain'",
  })
