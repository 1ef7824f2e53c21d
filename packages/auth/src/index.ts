export { Authorization } from './authorization.ts'
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
export { type Credential, Credentials, type PreviousKey, publicKeysOf } from './credentials.ts'
export { DEFAULT_AUTHZ, OWN_IDENTITIES } from './default-rules.ts'
export { type AuthzFile, type AuthzReport, openAuthzFile } from './file-authz.ts'
export {
  type CredentialChange,
  type CredentialProblem,
  type CredentialScan,
  FileCredentialStore,
  generateKeyPair,
} from './file-credential-store.ts'
export { errorCode, fileError } from './file-errors.ts'
export { FileWatch, type FileWatchOptions } from './file-watch.ts'
