/**
 * A service of the platform itself, on the bus under a `platform.*` identity. It answers RPC calls, `ping` and `hello`, calls
 * methods of agents, publishes and subscribes, and hears who comes and goes.
 */
import { type MethodRegistry, NO_PARAMS, PendingCalls, type RpcParams, receiveRpc } from '@volttron/rpc'
import { FrameAt, frame, frameText, PublishFlag, Subsystem, toAsciiJson, vipMessage } from '@volttron/vip'
import type { Bus } from './bus.ts'
import type { Delivery } from './delivery.ts'
import type { DeliveryOutcome, Peer } from './peer.ts'
import type { Publisher } from './publisher.ts'
import type { Router } from './router.ts'

export interface ServicePeerPorts {
  readonly bus: Bus
  readonly router: Pick<Router, 'accept'>
  /** Ids of calls and publishes; never valid JSON, never used twice. */
  readonly newId: () => string
  /** Runs `run` once after `delayMs`; returns how to prevent that. */
  readonly setTimer: (delayMs: number, run: () => void) => () => void
}

/** Hears of peers, services too. */
export interface PeersListener {
  /** Called before the newcomer is on the bus: it cannot be called yet. */
  onAdd?(identity: string): void
  onDrop?(identity: string): void
}

/** A message that a service has subscribed to. */
export interface HeardMessage {
  readonly topic: string
  readonly sender: string
  /** JSON text, or what claims to be some; `undefined` when the publisher sent bytes. */
  readonly bodyText: string | undefined
}

const CALL_TIMEOUT_MS = 30_000

export class ServicePeer implements Peer {
  readonly identity: string
  readonly principal: string
  readonly kind = 'service'
  readonly hearsPeers = false
  readonly isCongested = false
  readonly isBatched = false
  readonly #methods: MethodRegistry
  readonly #ports: ServicePeerPorts
  readonly #calls: PendingCalls
  readonly #subscriptions = new Map<string, (message: HeardMessage) => void>()
  #publisher: Publisher | undefined

  constructor(identity: string, methods: MethodRegistry, ports: ServicePeerPorts) {
    this.identity = identity
    this.principal = identity
    this.#methods = methods
    this.#ports = ports
    this.#calls = new PendingCalls({
      newId: ports.newId,
      after: ports.setTimer,
      send: (peer, id, text) => this.#send(peer, id, Subsystem.rpc, [text]),
    })
    this.watchPeers({ onDrop: (peer) => this.#calls.rejectPeer(peer) })
  }

  /**
   * Calls a method of an agent and gives its result.
   *
   * @param peer an identity, or `<platform>/<identity>`
   * @param timeoutMs default 30,000
   * @throws RemoteError when the method failed, MethodNotFound when the peer does not have it, VolttronError `unavailable`
   *   when the peer is not there or goes, `timeout`, `bad-data` for an argument that is no JSON
   */
  call(peer: string, method: string, params: Partial<RpcParams> = {}, timeoutMs = CALL_TIMEOUT_MS): Promise<unknown> {
    return this.#calls.call(peer, method, { ...NO_PARAMS, ...params }, { timeoutMs })
  }

  /** Sends a call nobody waits for. */
  notify(peer: string, method: string, params: Partial<RpcParams> = {}): void {
    this.#calls.notify(peer, method, { ...NO_PARAMS, ...params })
  }

  /**
   * Publishes as any agent does.
   *
   * @returns local subscribers plus interested platforms; negative when it was refused
   */
  publish(topic: string, headers: Readonly<Record<string, unknown>>, message: unknown): number {
    const { distribution } = this.#ports.bus
    this.#publisher ??= distribution.publisher(this.identity, this.principal)
    return distribution.publishClassic(this.#publisher, distribution.topics.intern(topic), {
      id: frame(this.#ports.newId()),
      bus: '""',
      headers: toAsciiJson(headers),
      message: toAsciiJson(message),
    })
  }

  watchPeers(listener: PeersListener): void {
    this.#ports.bus.peers.listen({
      onAdd: (identity) => listener.onAdd?.(identity),
      onDrop: (identity) => listener.onDrop?.(identity),
    })
  }

  /** A message for this service. What it does not understand is ignored. */
  send(frames: readonly Uint8Array[]): boolean {
    const subsystem = frameText(frames[FrameAt.subsystem]!)
    const peer = frameText(frames[FrameAt.peer]!)
    // Copies: the answer is sent after this call, when the batch the frames lie in may be gone.
    const id = Buffer.from(frames[FrameAt.id]!)
    const args = frames.slice(FrameAt.args).map((arg) => Buffer.from(arg))
    if (subsystem === Subsystem.rpc) this.#receiveRpc(peer, id, args)
    else if (subsystem === Subsystem.ping) this.#send(peer, id, subsystem, ['pong', ...args.slice(1)])
    else if (subsystem === Subsystem.hello) this.#send(peer, id, subsystem, ['welcome', '1.0', this.identity, peer])
    else if (subsystem === Subsystem.error) this.#receiveError(id, args)
    return true
  }

  /**
   * Hears what agents of this platform publish below a prefix. Other topics are not touched: the plan of a topic names its
   * subscribers, and this service is none of theirs.
   */
  subscribe(prefix: string, hear: (message: HeardMessage) => void): void {
    this.#subscriptions.set(prefix, hear)
    this.#ports.bus.subscriptions.subscribe(this, [prefix])
  }

  deliver({ topic, route, record }: Delivery): DeliveryOutcome {
    const { text } = topic
    const bodyText = record.flags & PublishFlag.json ? record.bodyText() : undefined
    for (const [prefix, hear] of this.#subscriptions) {
      if (text.startsWith(prefix)) hear({ topic: text, sender: route.sender, bodyText })
    }
    return 'sent'
  }

  close(): void {}

  #receiveRpc(peer: string, id: Uint8Array, args: readonly Uint8Array[]): void {
    const parts = { methods: this.#methods, calls: this.#calls }
    receiveRpc(args, { peer, messageId: frameText(id) }, parts).then((answers) => {
      if (answers.length > 0) this.#send(peer, id, Subsystem.rpc, answers)
    })
  }

  /** The router says why a message of ours did not arrive. */
  #receiveError(id: Uint8Array, args: readonly Uint8Array[]): void {
    const [code = '', text = ''] = args.map(frameText)
    this.#calls.bounce(frameText(id), Number(code), text)
  }

  #send(peer: string, id: string | Uint8Array, subsystem: string, args: readonly (string | Uint8Array)[]): void {
    this.#ports.router.accept(this, vipMessage({ peer, id, subsystem }, args))
  }
}
