/** What the front door needs from the platform, and what it tells it. */
import type { KeyPair, PublicKey, VipAddress } from '@volttron/vip'
import type { Admission, Connection } from './connection.ts'
import type { FrontDoorLimits } from './front-door-limits.ts'

/** The part of a pino logger that is used here. */
export interface TransportLog {
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
}

export const silentLog: TransportLog = { debug() {}, info() {}, warn() {} }

export type Admit = (publicKey: PublicKey, remote: string) => Promise<Admission> | Admission

export interface FrontDoorOptions {
  /** Where to listen. Host `*` means every interface, IPv6 and IPv4; port 0 any free port. */
  readonly addresses: readonly VipAddress[]
  /** Where to listen too, if that is possible; what is not is logged. Not among `boundAddresses`. */
  readonly extraAddresses?: readonly VipAddress[]
  readonly serverKeys: KeyPair
  /**
   * Asked once per connection for the key it has proven. The client is held in its handshake meanwhile; after
   * `limits.admissionMs` without an answer, or when it throws, the answer is `later`.
   */
  readonly admit: Admit
  /** Called with the first message of a connection; call `start()` on it soon, or `close()`. */
  readonly onConnection: (connection: Connection) => void
  readonly limits?: Partial<FrontDoorLimits>
  readonly log?: TransportLog
}

/** Since the door was opened. Every accepted connection ends in exactly one of the others, or is still being judged. */
export interface FrontDoorCounters {
  accepted: number
  /** The key was admitted. */
  admitted: number
  /** The platform denied the key. */
  refused: number
  /** The key waits, or waited, for approval. */
  deferred: number
  /** Too many connections, or none of the unauthenticated made room in time. */
  overLimit: number
  /** Not ZMTP 3 with CURVE. */
  badGreeting: number
  /** The handshake broke off: in most cases a client with a wrong server key. */
  handshakeFailed: number
  /** No proof of a key in time. */
  timedOut: number
  /** Somebody else appeared on the inner path of a connection. */
  intruders: number
}

export const noCounts = (): FrontDoorCounters => ({
  accepted: 0,
  admitted: 0,
  refused: 0,
  deferred: 0,
  overLimit: 0,
  badGreeting: 0,
  handshakeFailed: 0,
  timedOut: 0,
  intruders: 0,
})
