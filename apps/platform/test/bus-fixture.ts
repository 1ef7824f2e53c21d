/** A bus without sockets: connections are lists of frames, time stands still unless moved. */
import { RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { PeerTable } from '@volttron/routing'
import { type Connection, type ConnectionHandlers, Turn } from '@volttron/transport'
import {
  type BatchHandlers,
  BatchReader,
  frameText,
  keyPairFromSecret,
  type PublicKey,
  vipMessage,
} from '@volttron/vip'
import type { Authority } from '../src/router/authority.ts'
import type { Bus, RemoteError, RemoteMessage, RemotePlatforms } from '../src/router/bus.ts'
import { newRouterCounters } from '../src/router/counters.ts'
import { Distribution } from '../src/router/distribution.ts'
import type { PeerSession } from '../src/router/names.ts'
import { noteMisdeed } from '../src/router/misdeed.ts'
import type { Peer } from '../src/router/peer.ts'
import { PeerLog } from '../src/router/peer-log.ts'
import { type KeyHolder, Reception } from '../src/router/reception.ts'
import { RemoteCalls } from '../src/router/remote-calls.ts'
import { Router } from '../src/router/router.ts'
import type { WaitingCallsLimits } from '../src/router/waiting-calls.ts'

export class FakeConnection implements Connection {
  readonly id: string
  readonly direction = 'accepted'
  readonly remote = 'test:1'
  readonly publicKey: PublicKey
  readonly routingId: string
  readonly counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  pendingBytes = 0
  silentMs = 0
  sent: Buffer[][] = []
  closed: string | undefined
  #handlers: ConnectionHandlers | undefined

  constructor(routingId: string, publicKey: PublicKey) {
    this.id = routingId
    this.routingId = routingId
    this.publicKey = publicKey
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.closed === undefined) this.sent.push(frames.map((frame) => Buffer.from(frame)))
  }
  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }
  close(reason: string): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.#handlers?.onClose(reason)
  }
  silentForMs(): number {
    return this.silentMs
  }

  /** The other side says something. */
  say(...frames: (string | Uint8Array)[]): void {
    this.#handlers!.onMessage(frames.map((frame) => Buffer.from(frame as string)))
  }
  /** A VIP1 message to `peer`. */
  vip(peer: string, subsystem: string, id: string, ...args: (string | Uint8Array)[]): void {
    this.say(...vipMessage({ peer, id, subsystem }, args))
  }
  /** What was sent since the last call, as texts. */
  heard(): string[][] {
    const texts = this.sent.map((frames) => frames.map(frameText))
    this.sent = []
    return texts
  }
}

export interface BusFixture {
  readonly bus: Bus
  readonly router: Router
  readonly reception: Reception
  readonly holders: Map<PublicKey, KeyHolder>
  readonly remoteInterest: RemoteInterest<PeerSession>
  readonly remoteCalls: { platform: string; message: RemoteMessage }[]
  readonly remoteAnswers: { platform: string; message: RemoteMessage }[]
  readonly remoteErrors: { platform: string; error: RemoteError }[]
  /** Event and fields of each log line. */
  readonly logged: (readonly [string, Record<string, unknown>])[]
  readonly authority: { -readonly [K in keyof Authority]: Authority[K] }
  /** Runs what was deferred to the end of the turn. */
  endTurn(): void
  /** Moves time; timers that are due run. */
  pass(ms: number): void
  readonly setTimer: (ms: number, run: () => void) => () => void
  /** A connection of the agent that owns `identity`, with another routing id when one is given. */
  connect(identity: string, routingId?: string): FakeConnection
}

export function keyOf(name: string): PublicKey {
  const secret = Buffer.alloc(32)
  // Not in the first byte: X25519 ignores its lowest bits.
  secret.write(name, 1)
  return keyPairFromSecret(secret).publicKey
}

export interface BusFixtureOptions {
  /** Default `here`. */
  readonly instanceName?: string
  readonly queueBytes?: number
  readonly platforms?: Partial<RemotePlatforms>
  readonly callLimits?: WaitingCallsLimits
}

export function busFixture(options: BusFixtureOptions = {}): BusFixture {
  const { instanceName = 'here' } = options
  let nowMs = 0
  let deferred: (() => void)[] = []
  let timers: { at: number; run: () => void }[] = []
  const counters = newRouterCounters()
  const peers = new PeerTable<Peer>()
  const subscriptions = new SubscriptionTable<Peer>()
  const remoteInterest = new RemoteInterest<PeerSession>()
  const remoteCalls: BusFixture['remoteCalls'] = []
  const remoteAnswers: BusFixture['remoteAnswers'] = []
  const remoteErrors: BusFixture['remoteErrors'] = []
  const logged: BusFixture['logged'] = []
  const authority: BusFixture['authority'] = {
    version: 1,
    isProtectedTopic: (topic) => topic.startsWith('secret'),
    mayPublish: (identity) => identity === 'boss',
    mayReceive: (identity, topic) => identity === 'boss' || !topic.startsWith('secret'),
    maySubscribe: (identity, prefix) => identity === 'boss' || !prefix.startsWith('secret'),
    mayCallRpc: (caller) => caller === 'friend/caller',
    nameParameters: () => {},
  }
  const peerLog = new PeerLog({ now: () => nowMs, log: (event, fields) => void logged.push([event, fields]) })
  const turn = new Turn((run) => deferred.push(run))
  const distribution = new Distribution({
    instanceName,
    epoch: 7,
    authority,
    subscriptions,
    remoteInterest,
    counters,
    turn,
    now: () => nowMs,
    onMalformed: (sender) => noteMisdeed({ counters, peerLog }, sender, 'malformedPublish', 'a publish'),
    onRefused: () => {},
  })
  let nonce = 1000
  const bus: Bus = {
    instanceName,
    routerId: 'router-1',
    peers,
    subscriptions,
    distribution,
    authority,
    platforms: {
      sendCall: (platform, message) => void remoteCalls.push({ platform, message }),
      sendAnswer: (platform, message) => void remoteAnswers.push({ platform, message }),
      sendError: (platform, error) => void remoteErrors.push({ platform, error }),
      ...options.platforms,
    },
    remoteCalls: new RemoteCalls({
      idPrefix: 'test',
      now: () => nowMs,
      maxBytes: 100_000,
      ...(options.callLimits && { limits: options.callLimits }),
    }),
    counters,
    peerLog,
    facts: {
      addresses: ['tcp://127.0.0.1:22916'],
      localAddress: 'ipc:///run/vip.socket',
      publicKey: 'K',
      version: '1.2.3',
      agentMonitorFrequencyS: 600,
    },
    nextNonce: () => nonce++,
    drop: (peer) => {
      peers.drop(peer.identity, peer)
      peer.close('agentstop')
    },
    onQuit: () => {},
  }
  const setTimer = (ms: number, run: () => void) => {
    const timer = { at: nowMs + ms, run }
    timers.push(timer)
    return () => {
      timers = timers.filter((other) => other !== timer)
    }
  }
  const router = new Router(bus)
  const holders = new Map<PublicKey, KeyHolder>()
  const reception = new Reception({
    bus,
    router,
    turn,
    holderOf: (key) => holders.get(key),
    sessions: {
      accept: () => ({ onMessage: () => {}, onClose: () => {} }),
      acceptClassic: () => ({ onMessage: () => {}, onClose: () => {} }),
    },
    now: () => nowMs,
    setTimer,
    queueBytes: options.queueBytes ?? 1024 * 1024,
    challengeMs: 3000,
    log: () => {},
  })
  return {
    bus,
    router,
    reception,
    holders,
    remoteInterest,
    remoteCalls,
    remoteAnswers,
    remoteErrors,
    logged,
    authority,
    setTimer,
    endTurn() {
      const due = deferred
      deferred = []
      for (const run of due) run()
    },
    pass(ms) {
      nowMs += ms
      const due = timers.filter((timer) => timer.at <= nowMs)
      timers = timers.filter((timer) => timer.at > nowMs)
      for (const timer of due) timer.run()
    },
    connect(identity, routingId = identity) {
      const key = keyOf(identity)
      if (!holders.has(key)) holders.set(key, { kind: 'agent', identity })
      const connection = new FakeConnection(routingId, key)
      reception.receive(connection)
      return connection
    },
  }
}

/** Reads the batches a connection got: the publish records and the classic messages in them, as texts. */
export function unpack(
  connection: FakeConnection,
  nonce: number,
): { records: string[][]; ages: number[]; frames: string[][]; results: number[][] } {
  const topics: string[] = []
  const routes: string[] = []
  const unpacked = {
    records: [] as string[][],
    ages: [] as number[],
    frames: [] as string[][],
    results: [] as number[][],
  }
  for (const [batch, more] of connection.sent) {
    const handlers: BatchHandlers = {
      onTopic: (id, name) => {
        topics[id] = name
      },
      onRoute: (id, route) => {
        routes[id] = route
      },
      onFrames: (frames) => void unpacked.frames.push(frames.map(frameText)),
      onCredit: () => {},
      onResult: (sequence, status, count) => void unpacked.results.push([sequence, status, count]),
      onPublish: (record) => {
        unpacked.ages.push(record.ageMs)
        unpacked.records.push([
          topics[record.topicId]!,
          routes[record.routeId]!,
          record.headersText(),
          record.bodyText(),
        ])
      },
    }
    new BatchReader().read(batch!, nonce, handlers, more)
  }
  connection.sent = []
  return unpacked
}
