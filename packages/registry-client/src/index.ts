export type { RegistryFailure } from './http-exchange.ts'
export type {
  EntryDetails,
  PlatformEntry,
  ReadEntries,
  RejectedEntry,
} from './platform-entry.ts'
export {
  type Found,
  type KeyProof,
  type Listed,
  type ListOptions,
  type OwnEntry,
  type Registered,
  RegistryClient,
  type RegistryClientOptions,
  type Removed,
  type Taken,
} from './registry-client.ts'
