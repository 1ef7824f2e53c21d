export { ClassicLinkTimes } from './classic-link.ts'
export type { ClassicVisit } from './classic-visit.ts'
export { FEDERATION_FEATURE } from './dial-attempt.ts'
export { Federation, type FederationOptions } from './federation.ts'
export { MAX_INTEREST } from './interest-exchange.ts'
export { opensLink } from './classic-wire.ts'
export { checkEntry, type KnownPlatform } from './known-platform.ts'
export { type ListReading, PeerBook, PeerLimits, type RefusalReason } from './peer-book.ts'
export type {
  BusPorts,
  Clock,
  Dial,
  DialTarget,
  FederationConfig,
  FederationConfigPlatform,
  FederationLog,
  FederationMemory,
  FederationPorts,
  FederationStore,
  KeyPorts,
  ListOutcome,
  PlatformMemory,
  RegisterOutcome,
  RegistryEntry,
  RegistryFailure,
  RegistryPort,
  RegistryProblem,
  RpcError,
} from './ports.ts'
export { type RegistryAdapterOptions, registryPort } from './registry-adapter.ts'
export type { RegistryStatus, RegistryStatusWord } from './registry-follower.ts'
export type { LinkCounters, PlatformLink, Protocol } from './platform-link.ts'
export { Session, SessionLimits } from './session.ts'
export type { SendError } from './session-calls.ts'
export { keyFingerprint, type PlatformStatusWord, type StatusRow } from './status.ts'
