/**
 * One connection to another platform and what is said on it. It begins undecided: `open` and its answer settle whether it
 * becomes the session of the pair; only then do records, interest and calls pass. Whatever else arrives is refused and
 * counted. Its owner decides, this class speaks.
 */

import type { RemoteInterest } from '@volttron/pubsub'
import type { PrefixChange } from '@volttron/topics'
import { Channel, type Connection, type Name } from '@volttron/transport'
import {
  BatchFormatError,
  type BatchReader,
  type Credit,
  describeError,
  identityProblem,
  isBatch,
  parseRoute,
} from '@volttron/vip'
import type { ClassicForm } from './classic-form.ts'
import { type ControlMessage, controlFrames, isControl, parseControl } from './control-message.ts'
import { type Heard, InterestAnnouncer, InterestListener } from './interest-exchange.ts'
import type { LinkCounters, PlatformLink } from './platform-link.ts'
import type { FederationPorts } from './ports.ts'

export const SessionLimits = {
  heartbeatMs: 2_000,
  /** A session on which nothing arrives for so long is closed. */
  silenceMs: 8_000,
  /** A session heard from within this time counts as alive when a double knocks. */
  aliveMs: 5_000,
  /** An accepted connection must send its `open` within this time. */
  openMs: 5_000,
  /** What is said last may leave for so long. */
  lingerMs: 200,
  /** Records and messages that wait for the other side; what comes then is refused and counted. */
  queueBytes: 16 * 1024 * 1024,
  resyncMs: 5_000,
  maxResyncMs: 60_000,
} as const

/** Step in which a held-back session is looked at again. */
const HOLD_STEP_MS = 2

/** What all sessions and links of a platform share. */
export interface SessionSurroundings<T, R> {
  readonly ports: FederationPorts<T, R>
  readonly remoteInterest: RemoteInterest<PlatformLink>
  readonly queueBytes: number
  /** Our instance name. */
  readonly ownName: string
  readonly classicForm: ClassicForm
}

export interface SessionOwner<T, R> {
  /** `open`, `accept`, `refuse`: what settles a session. */
  onSettling(session: Session<T, R>, message: Extract<ControlMessage, { op: 'open' | 'accept' | 'refuse' }>): void
  /** The other side is there. */
  onHeartbeat(session: Session<T, R>): void
  /** Once, when the connection is gone or closed. `word` is for machines, `detail` for people. */
  onClosed(session: Session<T, R>, word: string, detail: string): void
}

export class Session<T, R> implements PlatformLink {
  readonly platform: string
  readonly connection: Connection
  readonly protocol = 'volttron-ts'
  readonly dialledBy: 'us' | 'peer'
  readonly counters: LinkCounters = { messagesIn: 0, refusedIn: 0, dropped: 0 }
  readonly #channel: Channel<T, R>
  readonly #owner: SessionOwner<T, R>
  readonly #surroundings: SessionSurroundings<T, R>
  readonly #announcer: InterestAnnouncer
  readonly #listener: InterestListener<PlatformLink>
  #phase: 'settling' | 'running' | 'closed' = 'settling'
  #heardMs: number
  #cancelTimer: () => void = () => {}
  #resyncAtMs = Number.NEGATIVE_INFINITY
  #resyncPauseMs: number = SessionLimits.resyncMs

  constructor(
    platform: string,
    connection: Connection,
    options: { readonly nonce: number; readonly credit: Credit; readonly dialledBy: 'us' | 'peer' },
    owner: SessionOwner<T, R>,
    surroundings: SessionSurroundings<T, R>,
  ) {
    const { ports, remoteInterest, queueBytes } = surroundings
    this.platform = platform
    this.connection = connection
    this.dialledBy = options.dialledBy
    this.#owner = owner
    this.#surroundings = surroundings
    this.#announcer = new InterestAnnouncer(ports.bus.interest, (message) => this.send(message))
    this.#listener = new InterestListener(remoteInterest, this)
    this.#heardMs = ports.clock.monotonicMs()
    const now = () => ports.clock.monotonicMs()
    this.#channel = new Channel<T, R>(
      connection,
      {
        nonce: options.nonce,
        credit: options.credit,
        turn: ports.turn,
        now,
        queueBytes,
        backpressure: {
          isCongested: () => ports.bus.isCongested(platform),
          soon: (run) => ports.clock.setTimer(HOLD_STEP_MS, run),
        },
      },
      {
        resolveTopic: (text) => ports.bus.resolveTopic(text),
        resolveRoute: (text) => this.#resolveRoute(text),
        onPublish: (topic, route, record) => this.#onPublish(topic, route, record),
        onFrames: (frames) => this.#onFrames(frames),
        onDrain: () => this.#announcer.resume(),
      },
    )
    if (this.dialledBy === 'peer')
      this.#cancelTimer = ports.clock.setTimer(SessionLimits.openMs, () => this.close('no-open'))
  }

  get isRunning(): boolean {
    return this.#phase === 'running'
  }

  get isClosed(): boolean {
    return this.#phase === 'closed'
  }

  /** The other side is behind, and working on it. */
  get isCongested(): boolean {
    return this.#channel.isCongested
  }

  /** Bytes that wait for the other side. */
  get queuedBytes(): number {
    return this.#channel.queuedBytes
  }

  get messagesOut(): number {
    return this.#channel.counters.recordsOut
  }

  /** Refused because the queue was full. */
  get refusedOut(): number {
    return this.#channel.counters.refused
  }

  /** Something arrived lately, so the other end lives. */
  get isAlive(): boolean {
    return this.#surroundings.ports.clock.monotonicMs() - this.#heardMs < SessionLimits.aliveMs
  }

  /**
   * Sends a record; the bytes are copied before the call returns. Nothing is allocated.
   *
   * @returns false when the queue is full, or the session is not running: the record was refused
   */
  publish(
    topic: Name,
    route: Name,
    flags: number,
    sequence: number,
    ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): boolean {
    if (this.#phase !== 'running') return false
    return this.#channel.publish(topic, route, flags, sequence, ageMs, source, tailStart, tailEnd)
  }

  /** Sends a control message; false when the queue is full. */
  send(message: ControlMessage): boolean {
    return this.#phase !== 'closed' && this.#channel.sendFrames(controlFrames(message))
  }

  /** The session of the pair from now on: announces our interest and watches the other side. */
  run(): void {
    this.#phase = 'running'
    this.#cancelTimer()
    this.#announcer.announceAll()
    this.#beatLater()
  }

  announce(change: PrefixChange): void {
    if (this.#phase === 'running') this.#announcer.announce(change)
  }

  /** Says `bye` when the other side should know why, then closes. Idempotent. */
  close(word: string, detail = word): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'running') this.send({ op: 'bye', reason: word })
    this.#channel.flush()
    this.#end(word, detail)
    this.connection.close(detail, SessionLimits.lingerMs)
  }

  /** A message on the connection. */
  onMessage(frames: Buffer[]): void {
    if (this.#phase === 'closed') return
    this.#heardMs = this.#surroundings.ports.clock.monotonicMs()
    if (!isBatch(frames)) {
      this.counters.refusedIn++
      return
    }
    try {
      this.#channel.receive(frames[0]!, frames[1])
    } catch (error) {
      if (!(error instanceof BatchFormatError)) throw error
      this.close('malformed', `the platform sent a malformed batch: ${describeError(error)}`)
    }
  }

  /** The connection is gone. */
  onConnectionClosed(reason: string): void {
    this.#end('connection-lost', reason)
  }

  #end(word: string, detail: string): void {
    if (this.#phase === 'closed') return
    const wasRunning = this.#phase === 'running'
    this.#phase = 'closed'
    this.#cancelTimer()
    this.counters.dropped += this.#channel.close()
    this.#surroundings.remoteInterest.drop(this)
    this.#owner.onClosed(this, word, detail)
    if (wasRunning) this.#surroundings.ports.bus.onSessionEnd(this.platform)
  }

  /** A neighbour may only name itself as origin: there are no relays here. */
  #resolveRoute(text: string): R | undefined {
    const route = parseRoute(text)
    if (!route || route.platform !== this.platform || route.path.length > 0) return undefined
    if (identityProblem(route.sender) !== undefined) return undefined
    return this.#surroundings.ports.bus.resolveRoute(this.platform, text)
  }

  #onPublish(topic: T, route: R, record: BatchReader): void {
    if (this.#phase !== 'running') {
      this.counters.refusedIn++
      return
    }
    this.counters.messagesIn++
    const { sequence, ageMs } = record
    this.#surroundings.ports.bus.onRemotePublish(topic, route, record, sequence, ageMs, this.platform)
  }

  #onFrames(frames: Buffer[]): void {
    if (this.#phase === 'closed') return
    const message = isControl(frames) ? parseControl(frames) : undefined
    if (!message || !this.#serve(message)) this.counters.refusedIn++
  }

  /** @returns false when the message does not belong here now */
  #serve(message: ControlMessage): boolean {
    if (this.#phase === 'settling') {
      const expected =
        this.dialledBy === 'peer' ? message.op === 'open' : message.op === 'accept' || message.op === 'refuse'
      if (expected) this.#owner.onSettling(this, message as Parameters<SessionOwner<T, R>['onSettling']>[1])
      return expected
    }
    const { bus } = this.#surroundings.ports
    switch (message.op) {
      case 'interest':
        this.#mend(this.#listener.hear(message))
        return true
      case 'heartbeat':
        this.#mend(this.#listener.check(message.sequence, message.digest))
        this.#owner.onHeartbeat(this)
        return true
      case 'resync':
        this.#announcer.announceAll()
        return true
      case 'rpc':
        bus.onRemoteRpc(this.platform, message.to, message.from, message.id, message.frames)
        return true
      case 'answer':
        bus.onRpcAnswer(this.platform, message.to, message.from, message.id, message.frames)
        return true
      case 'error': {
        const { id, to, peer, errno, text } = message
        bus.onRpcError(this.platform, { id, toIdentity: to, peer, errno, text })
        return true
      }
      case 'bye':
        this.#end(`peer-${message.reason}`, `the platform closed the session: ${message.reason}`)
        this.connection.close(message.reason)
        return true
      default:
        return false
    }
  }

  /** Asks for the list when our copy differs, ever more rarely when that does not help. */
  #mend(heard: Heard): void {
    if (heard === 'current') this.#resyncPauseMs = SessionLimits.resyncMs
    if (heard === 'current' || heard === 'partial') return
    const { clock, log } = this.#surroundings.ports
    const nowMs = clock.monotonicMs()
    if (nowMs < this.#resyncAtMs) return
    log.warn({ platform: this.platform, heard }, 'interest-resync')
    if (!this.send({ op: 'resync' })) return
    this.#resyncAtMs = nowMs + this.#resyncPauseMs
    this.#resyncPauseMs = Math.min(SessionLimits.maxResyncMs, this.#resyncPauseMs * 2)
  }

  #beatLater(): void {
    const { clock } = this.#surroundings.ports
    this.#cancelTimer = clock.setTimer(SessionLimits.heartbeatMs, () => this.#beat())
  }

  #beat(): void {
    const silentMs = this.#surroundings.ports.clock.monotonicMs() - this.#heardMs
    if (silentMs >= SessionLimits.silenceMs)
      return this.close('silent', `nothing was heard for ${Math.round(silentMs / 1000)} s`)
    this.#announcer.verify()
    this.send({ op: 'heartbeat', sequence: this.#announcer.sequence, digest: this.#announcer.announced })
    this.#beatLater()
  }
}
