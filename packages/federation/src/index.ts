export { Federation, type FederationOptions, type SendError } from './federation.ts'
export { MAX_INTEREST } from './interest-exchange.ts'
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
export { FEDERATION_FEATURE } from './remote-platform.ts'
export { Session, type SessionCounters, SessionLimits } from './session.ts'
export { keyFingerprint, type PlatformStatusWord, type StatusRow } from './status.ts'
