/**
 * What the engine needs from the world. Time, randomness, network, disk and the local bus come through these ports, so the
 * same code runs in the daemon and in a simulation on a virtual clock.
 */
import type { Interest } from '@volttron/pubsub'
import type { Connection, Turn } from '@volttron/transport'
import type { KeyPair, PublicKey, TailView } from '@volttron/vip'

export interface Clock {
  /** Milliseconds of a clock that never jumps. */
  monotonicMs(): number
  /** Milliseconds since 1970, for display and files only. */
  unixMs(): number
  /** Runs `run` once after `delayMs`; returns how to prevent that. */
  setTimer(delayMs: number, run: () => void): () => void
}

/** Structured log; pino fits. */
export interface FederationLog {
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
}

export interface DialTarget {
  readonly platform: string
  /** `tcp://host:port`; names are resolved at each dial. */
  readonly address: string
  /** The key the other side must prove. */
  readonly publicKey: PublicKey
  /** Tries in a row before this one that came to nothing. */
  readonly failures: number
}

/**
 * Connects to another platform with our own key. Resolves when the CURVE handshake is done.
 *
 * @throws (rejects) VolttronError, or when `signal` aborts
 */
export type Dial = (target: DialTarget, signal: AbortSignal) => Promise<Connection>

/** Keys and the front door's list of them. */
export interface KeyPorts {
  /** Our key pair as a platform. */
  own(): KeyPair
  /** After a rotation: use this pair from now on, for the front door and for dialling. */
  useOwn(pair: KeyPair): void
  /**
   * Pairs that a rotation was to lead to, kept on disk from before the registry was asked until one is in use: when its
   * answer was lost, the list shows which key counts.
   */
  prepared?(): readonly KeyPair[]
  /** Admit the holder of this key as the platform of this name; replaces the key the name had. */
  trust(platform: string, key: PublicKey): void
  /** Admit the platform no longer, and cut what it has open. */
  revoke(platform: string): void
}

/**
 * The router's side. `T` is its handle of a topic, `R` of a route; both are given back with each record.
 */
export interface BusPorts<T, R> {
  /** What our agents want from other platforms. */
  readonly interest: Interest
  resolveTopic(text: string): T
  /** Called for routes whose origin is the peer itself; `undefined` refuses the route and closes the session. */
  resolveRoute(platform: string, text: string): R | undefined
  /**
   * A record from another platform; its texts are in `record` and are gone when the call returns.
   *
   * @param sequence position in the stream of the route; 0 where the platform numbers nothing
   * @param ageMs time on its way so far, as far as measured
   */
  onRemotePublish(topic: T, route: R, record: TailView, sequence: number, ageMs: number, platform: string): void
  /** Agents that read what this platform sends are behind: its session is held back a little. */
  isCongested(platform: string): boolean
  /** A call. The frames are views that are gone when this returns: copy what is kept. */
  onRemoteRpc(
    platform: string,
    toIdentity: string,
    fromIdentity: string,
    id: Uint8Array,
    frames: readonly Uint8Array[],
  ): void
  /** The answer of `fromIdentity` to the call of this id; the frames are views, too. */
  onRpcAnswer(
    platform: string,
    toIdentity: string,
    fromIdentity: string,
    id: Uint8Array,
    frames: readonly Uint8Array[],
  ): void
  /** A call of `toIdentity` reached `platform` but not its callee `peer`. */
  onRpcError(platform: string, error: RpcError): void
  /** The session with the platform is over: what was asked on it is not answered any more. */
  onSessionEnd(platform: string): void
}

export interface RpcError {
  readonly id: Uint8Array
  readonly toIdentity: string
  /** The callee that could not be reached. */
  readonly peer: string
  readonly errno: number
  readonly text: string
}

/** What the registry keeps of a platform; the names are those of its HTTP bodies. */
export interface RegistryEntry {
  readonly id: string
  readonly address: string
  readonly public_credentials: string
  readonly group: string
  readonly dial_only: boolean
}

export type RegistryProblem =
  | 'unreachable'
  | 'tls-error'
  | 'not-a-registry'
  | 'unauthorized'
  /** The name, the address or the key belongs to somebody else. */
  | 'taken'
  /** Our name is registered with a key that is not ours. */
  | 'registry-holds-another-key'
  /** The registry does not accept our data. */
  | 'rejected'
  | 'busy'

export interface RegistryFailure {
  readonly outcome: RegistryProblem
  /** One line: what, where, what to do. */
  readonly message: string
}

export type RegisterOutcome = { readonly outcome: 'registered' } | RegistryFailure

export type ListOutcome =
  | {
      readonly outcome: 'listed'
      /** As parsed from the answer; anything may be in it. */
      readonly platforms: readonly unknown[]
      /** False when entries were left unread: then a missing one has not been removed. Default true. */
      readonly isComplete?: boolean
      /** Names this state of the list; a registry without it is asked at intervals. */
      readonly revision: string | undefined
    }
  | { readonly outcome: 'unchanged' }
  | RegistryFailure

/** The registry's client. Failures are values; nothing rejects except on `signal`. */
export interface RegistryPort {
  /** For status; without user and password. */
  readonly url: string
  /** Registers or changes our entry. `prover` opens the challenge where the registry asks for proof of the key it holds. */
  register(entry: RegistryEntry, prover: KeyPair, signal: AbortSignal): Promise<RegisterOutcome>
  /** All platforms with all fields; with `since`, holds the answer up to `waitMs` until there is something new. */
  list(options: { since: string | undefined; waitMs: number }, signal: AbortSignal): Promise<ListOutcome>
  /** Removes our entry. */
  remove(id: string, prover: KeyPair, signal: AbortSignal): Promise<{ readonly outcome: 'removed' } | RegistryFailure>
}

/** One entry of `federation_config.json`, in VOLTTRON's own form. */
export interface FederationConfigPlatform {
  readonly id: string
  readonly address: string
  readonly public_credentials: string
  readonly group: string
  readonly connected: boolean
  /** Unix seconds; null before the first. */
  readonly last_heartbeat: number | null
}

export interface FederationConfig {
  readonly registry_url?: string
  readonly platforms: readonly FederationConfigPlatform[]
}

/** What VOLTTRON's file has no place for. The keys of `platforms` are names. */
export interface FederationMemory {
  /** Names the registry's run in which our entry was seen last. */
  readonly registry_generation: string | null
  /** Names an operator removed while the registry still had them. */
  readonly removed: readonly string[]
  readonly platforms: Readonly<Record<string, PlatformMemory>>
}

export interface PlatformMemory {
  readonly dial_only: boolean
  /** The registry's run in which the platform was seen last. */
  readonly generation: string | null
  /** It had a session of ours once, so it is degraded when it speaks VIP1. */
  readonly had_session?: boolean
}

/** Disk. What is loaded may be anything a person or a crash left there. */
export interface FederationStore {
  /** `undefined` for what does not exist or could not be read (the store says so and sets it aside). */
  load(): Promise<{ readonly config: unknown; readonly memory: unknown }>
  save(state: { readonly config: FederationConfig; readonly memory: FederationMemory }): Promise<void>
  /** The configuration was readable but makes no sense: keep it under another name. */
  setAside(reason: string): Promise<void>
}

export interface FederationPorts<T, R> {
  readonly clock: Clock
  /** Draws from [0, 1). */
  readonly random: () => number
  readonly turn: Turn
  readonly dial: Dial
  readonly keys: KeyPorts
  readonly bus: BusPorts<T, R>
  readonly store: FederationStore
  readonly log: FederationLog
  /** Absent: only listed and last known platforms. */
  readonly registry?: RegistryPort | undefined
}
