/**
 * An agent behind a connection. It begins as a classic peer; once its hello shows that it can do better, everything goes
 * through a channel.
 */
import { Channel, type Connection, type SharedBlock, type Turn } from '@volttron/transport'
import { type BatchReader, type Credit, isBatch, PublishFlag, VipErrno, vipMessage } from '@volttron/vip'
import type { Delivery } from './delivery.ts'
import type { Distribution } from './distribution.ts'
import type { RouteName, Topic } from './names.ts'
import type { BatchedPeer, DeliveryOutcome, Peer } from './peer.ts'
import { type Publisher, PublishRefusal } from './publisher.ts'

export interface AgentPeerOptions {
  readonly identity: string
  readonly principal: string
  readonly kind: 'agent' | 'control'
  readonly distribution: Distribution
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly setTimer: (ms: number, run: () => void) => () => void
  /** Bytes that may wait for this peer. */
  readonly queueBytes: number
  /** A VIP message of the peer. */
  readonly onMessage: (from: AgentPeer, frames: Buffer[]) => void
  /** The peer broke the batched form; it is closed already. */
  readonly onBroken: (from: AgentPeer, reason: string) => void
}

/** Step in which a held-back publisher is looked at again. */
const HOLD_STEP_MS = 2

/** What a batched publisher hears of a refused record, whether it waits or not. The wire has no negative numbers here. */
const DENIED = { status: Math.abs(VipErrno.unauthorized.code), text: VipErrno.unauthorized.text }
const MALFORMED = { status: 22, text: 'The headers or the body are not the JSON they claim to be' }

export interface PeerCounters {
  messagesIn: number
  messagesOut: number
  /** Messages and records refused because the queue of this peer was full. */
  dropped: number
}

export class AgentPeer implements BatchedPeer {
  readonly identity: string
  readonly principal: string
  readonly kind: 'agent' | 'control'
  readonly connection: Connection
  readonly publisher: Publisher
  /** Monotonic milliseconds. */
  readonly connectedAtMs: number
  readonly counters: PeerCounters = { messagesIn: 0, messagesOut: 0, dropped: 0 }
  readonly #options: AgentPeerOptions
  #channel: Channel<Topic, RouteName> | undefined
  /** A batched peer hears who comes and goes once it has asked who is there; a classic one always. */
  #askedForPeers = false

  constructor(connection: Connection, options: AgentPeerOptions) {
    this.connection = connection
    this.identity = options.identity
    this.principal = options.principal
    this.kind = options.kind
    this.publisher = options.distribution.publisher(options.identity, options.principal)
    this.connectedAtMs = options.now()
    this.#options = options
  }

  get isBatched(): boolean {
    return this.#channel !== undefined
  }

  get queuedBytes(): number {
    return this.#channel ? this.#channel.queuedBytes : this.connection.pendingBytes
  }

  /** A classic peer says nothing about its pace, so it is never waited for. */
  get isCongested(): boolean {
    return this.#channel?.isCongested ?? false
  }

  get hearsPeers(): boolean {
    return this.#channel === undefined || this.#askedForPeers
  }

  askedForPeers(): void {
    this.#askedForPeers = true
  }

  /** From here on both sides may use the batched form. Called right after the welcome has been sent. */
  openChannel(nonce: number, credit: Credit): void {
    const { turn, now, setTimer, queueBytes, distribution } = this.#options
    this.#channel = new Channel<Topic, RouteName>(
      this.connection,
      {
        nonce,
        credit,
        turn,
        now,
        queueBytes,
        backpressure: {
          isCongested: () => this.publisher.pace.isHeldBack(now()),
          soon: (run) => setTimer(HOLD_STEP_MS, run),
        },
      },
      {
        resolveTopic: (text) => distribution.topics.intern(text),
        // Whatever an agent claims about the origin of its messages, they come from this agent.
        resolveRoute: () => this.publisher.localRoute,
        onPublish: (topic, _route, record) => this.#onPublish(topic, record),
        onFrames: (frames) => this.#onFrames(frames),
      },
    )
  }

  /** A message from the connection, in either form. */
  receive(frames: Buffer[]): void {
    if (!isBatch(frames)) return this.#onFrames(frames)
    if (!this.#channel) return this.#broken('a batch before the welcome')
    try {
      this.#channel.receive(frames[0]!, frames[1])
    } catch (error) {
      this.#broken((error as Error).message)
    }
  }

  send(frames: readonly Uint8Array[]): boolean {
    if (this.#channel) {
      this.#options.distribution.catchUp(this)
      return this.#count(this.#channel.sendFrames(frames))
    }
    const hasRoom = this.connection.pendingBytes <= this.#options.queueBytes
    if (hasRoom) this.connection.send(frames)
    return this.#count(hasRoom)
  }

  deliver(delivery: Delivery): DeliveryOutcome {
    const channel = this.#channel
    if (!channel) {
      const frames = delivery.classicFrames()
      if (frames === 'unfit') return 'unfit'
      return this.send(frames) ? 'sent' : 'full'
    }
    this.#options.distribution.catchUp(this)
    const { topic, route, flags, sequence, ageMs, record } = delivery
    const { buffer, tailStart, tailEnd } = record
    const sent = channel.publish(topic, route, flags, sequence, ageMs, buffer, tailStart, tailEnd)
    return this.#count(sent) ? 'sent' : 'full'
  }

  share(block: SharedBlock): boolean {
    if (!this.#channel?.share(block)) return false
    this.counters.messagesOut += block.records
    return true
  }

  flush(): void {
    this.#channel?.flush()
  }

  /** Closes the connection after what is queued has had `lingerMs` to leave. */
  close(reason: string, lingerMs = 0): void {
    this.#options.distribution.catchUp(this)
    this.#channel?.flush()
    this.#channel?.close()
    this.connection.close(reason, lingerMs)
  }

  #onPublish(topic: Topic, record: BatchReader): void {
    this.counters.messagesIn++
    const { sequence, ageMs } = record
    const count = this.#options.distribution.publish(this.publisher, topic, record, sequence, ageMs)
    if (count < 0) {
      const { status, text } = count === PublishRefusal.denied ? DENIED : MALFORMED
      this.#channel?.sendResult(record.sequence, status, 0, text)
    } else if (record.flags & PublishFlag.wantsResult) this.#channel?.sendResult(record.sequence, 0, count)
  }

  #onFrames(frames: Buffer[]): void {
    this.counters.messagesIn++
    this.#options.onMessage(this, frames)
  }

  #count(sent: boolean): boolean {
    if (sent) this.counters.messagesOut++
    else this.counters.dropped++
    return sent
  }

  #broken(reason: string): void {
    this.close(reason)
    this.#options.onBroken(this, reason)
  }
}

/** Answers a VIP message of `to`: same id, same subsystem, from the router. */
export function reply(
  to: Peer,
  request: { readonly id: Uint8Array; readonly subsystem: string | Uint8Array },
  args: readonly (string | Uint8Array)[],
  user: string = to.identity,
): boolean {
  return to.send(vipMessage({ peer: '', user, id: request.id, subsystem: request.subsystem }, args))
}
