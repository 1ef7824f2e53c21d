export type {
  ConnectionRow,
  FederationReport,
  FederationRow,
  PlatformInfo,
  RegistryReport,
  RotatedPlatformKey,
} from './admin.ts'
export { type ProofSubject, proofContext } from './proof-context.ts'
export {
  type Challenge,
  type ChallengeMethod,
  challengeMethodSchema,
  challengeRequestSchema,
  challengeSchema,
  errorSchema,
  MAX_WAIT_SECONDS,
  messageSchema,
  type Platform,
  type PlatformDetails,
  type PreviousKey,
  type Proven,
  platformDetailsSchema,
  platformSchema,
  previousKeySchema,
  provenSchema,
  type RegisteredPlatform,
  type Registration,
  RegistryHeader,
  RegistryLimit,
  registeredPlatformSchema,
  registrationSchema,
  type ValidationError,
  validationErrorSchema,
} from './registry.ts'
export { registryOpenApi } from './registry-openapi.ts'
export { noBodyError, notJsonError, validationError } from './validation-detail.ts'
