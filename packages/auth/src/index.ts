export { Authorization } from './authorization.ts'
export { type NamedEntry, pubsubArgument, rolesArgument, rpcArgument, textsArgument } from './authz-arguments.ts'
export {
  type AgentChange,
  type AuthzChange,
  type AuthzJson,
  addProtectedTopics,
  addToGroup,
  type CapabilityChange,
  mergeAgent,
  mergeGroup,
  mergeRole,
  type RoleHolderChange,
  removeAgentRules,
  removeFromGroup,
  removeGroup,
  removeProtectedTopics,
  removeRole,
  withKnownRoles,
} from './authz-changes.ts'
export {
  type AgentRules,
  type AuthzDocument,
  type Capabilities,
  type GroupRules,
  type Restrictions,
  type RoleUse,
  type RpcCapability,
  readAuthzDocument,
  type TopicAccess,
} from './authz-document.ts'
export { authzIdentityProblem } from './authz-identity.ts'
export { type Credential, Credentials, type PreviousKey, publicKeysOf } from './credentials.ts'
export { DEFAULT_AUTHZ, DEFAULT_ROLE, OWN_IDENTITIES } from './default-rules.ts'
export type { EffectiveCapabilities } from './effective-capabilities.ts'
export { type AuthzFile, type AuthzReport, editAuthzFile, openAuthzFile } from './file-authz.ts'
export {
  type CredentialChange,
  type CredentialProblem,
  type CredentialScan,
  FileCredentialStore,
  generateKeyPair,
} from './file-credential-store.ts'
export { errorCode, fileError } from './file-errors.ts'
export { FileWatch, type FileWatchOptions } from './file-watch.ts'
export {
  type ApprovedKey,
  type KeyDecisions,
  type KeyRequest,
  KeyRequests,
  type KeyRequestStatus,
  type KeyRequestsOptions,
} from './key-requests.ts'
