/**
 * Who comes through the front door, and as what. The key is certain; this is where it becomes an identity: an agent's own
 * one, the operator's command line, or a platform that opens a session.
 *
 * A second connection under the same identity and key never simply evicts the first: the first is challenged, and only its
 * silence makes room. So two live copies of an agent do not throw each other out in turn.
 */
import { FEDERATION_FEATURE, opensLink } from '@volttron/federation'
import { type Connection, type ConnectionHandlers, INITIAL_CREDIT, type Turn } from '@volttron/transport'
import {
  commonVersion,
  FrameAt,
  frameText,
  type HelloCapabilities,
  identityProblem,
  isVipMessage,
  type PublicKey,
  parseHello,
  ReservedIdentity,
  Subsystem,
  VipErrno,
  vipMessage,
  welcomeArgument,
} from '@volttron/vip'
import { AgentPeer } from './agent-peer.ts'
import type { Bus } from './bus.ts'
import type { Peer } from './peer.ts'
import { shown } from './peer-log.ts'
import { principalOf } from './principal.ts'
import type { Router } from './router.ts'

/** Whose key it is. */
export type KeyHolder =
  | { readonly kind: 'agent'; readonly identity: string }
  | { readonly kind: 'platform'; readonly name: string }
  /** Approved, but not under the name it came with. */
  | { readonly kind: 'unnamed'; readonly problem: string }

/** Takes over connections of other platforms; packages/federation offers it. */
export interface SessionEntrance {
  /**
   * The platform has been welcomed under `nonce`.
   *
   * @returns what gets everything the platform sends from here on; `undefined` when it is not wanted any more
   */
  accept(
    platform: string,
    connection: Connection,
    hello: HelloCapabilities,
    nonce: number,
  ): Pick<ConnectionHandlers, 'onMessage' | 'onClose'> | undefined
  /**
   * The platform speaks VIP1 only, as Python ones do; its first message is handed over, too.
   *
   * @returns as {@link accept}
   */
  acceptClassic(platform: string, connection: Connection): Pick<ConnectionHandlers, 'onMessage' | 'onClose'> | undefined
}

export interface ReceptionOptions {
  readonly bus: Bus
  readonly router: Router
  readonly turn: Turn
  /** @param claimed the identity it comes with */
  readonly holderOf: (key: PublicKey, claimed: string) => KeyHolder | undefined
  readonly sessions: SessionEntrance
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly setTimer: (ms: number, run: () => void) => () => void
  /** Bytes that may wait for one peer. */
  readonly queueBytes: number
  /** How long a predecessor may take to show that it lives; longer than a ZMTP heartbeat. */
  readonly challengeMs: number
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

/** Time an error may take to reach a peer before its connection goes. */
const LINGER_MS = 500

export class Reception {
  readonly #options: ReceptionOptions
  /** Per identity that a newcomer waits for: decides between it and its predecessor, as of now. */
  readonly #challenges = new Map<string, () => void>()

  constructor(options: ReceptionOptions) {
    this.#options = options
  }

  /** A connection with a proven key and a first message. */
  receive(connection: Connection): void {
    const holder = this.#options.holderOf(connection.publicKey, connection.routingId)
    if (!holder) return connection.close('the key was revoked')
    if (holder.kind === 'unnamed') return this.#refuse(connection, VipErrno.unauthorized.code, holder.problem)
    if (holder.kind === 'platform') return this.#receivePlatform(connection, holder.name)
    this.#receiveAgent(connection, holder.identity)
  }

  #receiveAgent(connection: Connection, owner: string): void {
    const identity = connection.routingId
    const problem = identityProblem(identity)
    if (problem !== undefined || principalOf(identity) !== owner) {
      const why = problem ?? `the identity ${identity} belongs to another key; this key is that of ${owner}`
      this.#options.bus.counters.foreignIdentity++
      return this.#refuse(connection, VipErrno.unauthorized.code, why)
    }
    const present = this.#options.bus.peers.get(identity)
    if (!present) return this.#admit(connection, identity, owner)
    if (present.kind === 'service' || this.#challenges.has(identity)) return this.#refuseDuplicate(connection, identity)
    this.#challenge(connection, present as AgentPeer, owner)
  }

  /** Asks the predecessor whether it is alive. Any byte from it, a ZMTP heartbeat too, is an answer. */
  #challenge(newcomer: Connection, present: AgentPeer, owner: string): void {
    const { identity } = present
    const { now, setTimer, challengeMs } = this.#options
    const askedAt = now()
    present.send(
      vipMessage({ peer: '', id: `challenge.${identity}`, subsystem: Subsystem.ping }, ['ping', 'are you alive']),
    )
    const decide = () => {
      cancelTimer()
      this.#challenges.delete(identity)
      if (this.#options.bus.peers.get(identity) !== present) return this.receive(newcomer)
      if (present.connection.silentForMs() < now() - askedAt) return this.#refuseDuplicate(newcomer, identity)
      this.#options.log('peer-replaced', { identity, remote: present.connection.remote })
      this.#drop(present, 'silent, replaced by a new connection of the same agent')
      this.#admit(newcomer, identity, owner)
    }
    const cancelTimer = setTimer(challengeMs, decide)
    this.#challenges.set(identity, decide)
  }

  #admit(connection: Connection, identity: string, owner: string): void {
    const { bus, router, turn, now, setTimer, queueBytes, log } = this.#options
    const kind = owner === ReservedIdentity.controlConnection ? 'control' : 'agent'
    const peer = new AgentPeer(connection, {
      identity,
      principal: owner,
      kind,
      distribution: bus.distribution,
      turn,
      now,
      setTimer,
      queueBytes,
      onMessage: (from, frames) => router.accept(from, frames),
      onBroken: (from, reason) => {
        bus.counters.brokenBatches++
        bus.peerLog.add(identity, 'peer-broke-protocol', { identity, remote: connection.remote, reason })
        this.#leave(from)
      },
    })
    bus.peers.add(identity, peer)
    log('peer-connected', { identity, remote: connection.remote })
    connection.start({
      onMessage: (frames) => peer.receive(frames),
      onClose: (reason) => {
        log('peer-disconnected', { identity, remote: connection.remote, reason })
        this.#leave(peer)
      },
    })
  }

  /** Its place is free at once, so that a successor need not wait. */
  #leave(peer: AgentPeer): void {
    const { peers } = this.#options.bus
    peers.drop(peer.identity, peer)
    if (peers.get(peer.identity) === undefined) this.#challenges.get(peer.identity)?.()
  }

  /** Takes a peer off the bus and cuts its connection. */
  #drop(peer: Peer, reason: string): void {
    this.#options.bus.peers.drop(peer.identity, peer)
    peer.close(reason)
  }

  /**
   * A platform says hello and becomes a session, or begins with what platforms say to each other in VIP1; anything else on
   * its connection is refused.
   */
  #receivePlatform(connection: Connection, platform: string): void {
    const { bus, sessions } = this.#options
    let session: ReturnType<SessionEntrance['accept']>
    connection.start({
      onMessage: (frames) => {
        if (session) return session.onMessage(frames)
        if (opensLink(frames)) {
          session = sessions.acceptClassic(platform, connection)
          if (!session) return connection.close('the platform is not wanted, or has too many connections')
          return session.onMessage(frames)
        }
        if (!isVipMessage(frames) || frameText(frames[FrameAt.subsystem]!) !== Subsystem.hello) {
          bus.counters.malformedRequest++
          bus.peerLog.add(platform, 'platform-refused', { platform, remote: connection.remote, reason: 'no hello' })
          return connection.close('a platform key opens a session only: hello expected')
        }
        const id = frames[FrameAt.id]!
        const offered = frames[FrameAt.args + 1] && parseHello(frameText(frames[FrameAt.args + 1]!))
        const version = offered && commonVersion(offered.versions)
        if (!offered || version === undefined) {
          return this.#refuse(
            connection,
            VipErrno.protocolNotSupported.code,
            'this platform speaks batched sessions only',
            id,
          )
        }
        const nonce = bus.nextNonce()
        const features = [FEDERATION_FEATURE]
        const capabilities = { version, features, credit: INITIAL_CREDIT, nonce, instanceName: bus.instanceName }
        const args = ['welcome', '1.0', bus.routerId, connection.routingId, welcomeArgument(capabilities)]
        connection.send(vipMessage({ peer: '', id, subsystem: Subsystem.hello }, args))
        session = sessions.accept(platform, connection, offered, nonce)
        if (!session) connection.close('the platform is not wanted any more')
      },
      onClose: (reason) => session?.onClose(reason),
    })
  }

  #refuseDuplicate(connection: Connection, identity: string): void {
    this.#options.bus.counters.duplicateIdentity++
    const why =
      this.#options.bus.peers.get(identity)?.kind === 'service'
        ? `the identity ${identity} is in use by the platform itself`
        : `the identity ${identity} is in use by another live agent`
    this.#refuse(connection, VipErrno.addressInUse.code, why)
  }

  /** Answers the hello of a newcomer by an error, then closes. */
  #refuse(connection: Connection, errno: number, why: string, helloId?: Uint8Array): void {
    const { publicKey, remote } = connection
    // By its key: whoever is refused comes again at once, and under any name.
    const fields = { routingId: shown(connection.routingId), remote, reason: why }
    this.#options.bus.peerLog.add(publicKey, 'connection-refused', fields)
    const say = (id: Uint8Array, subsystem: Uint8Array | string) => {
      connection.send(vipMessage({ peer: '', id, subsystem: Subsystem.error }, [String(errno), why, '', subsystem]))
      connection.close(why, LINGER_MS)
    }
    if (helloId) return say(helloId, Subsystem.hello)
    connection.start({
      onMessage: (frames) => {
        if (isVipMessage(frames)) say(frames[FrameAt.id]!, frames[FrameAt.subsystem]!)
        else connection.close(why)
      },
      onClose: () => {},
    })
  }
}
