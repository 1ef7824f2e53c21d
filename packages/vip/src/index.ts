export {
  dialOnlyAddress,
  formatAddress,
  isDialOnlyAddress,
  isWildcard,
  parseAddress,
  type VipAddress,
} from './address.ts'
export {
  BATCH_HEADER_BYTES,
  BatchFormatError,
  MAX_FRAMES,
  MAX_NAME_ID,
  PublishFlag,
} from './batch-format.ts'
export { type BatchHandlers, BatchReader, isBatch } from './batch-reader.ts'
export { BatchWriter, emptyBatch, stampHeldMs } from './batch-writer.ts'
export {
  type Credit,
  commonVersion,
  type HelloCapabilities,
  helloArgument,
  parseHello,
  parseWelcome,
  type WelcomeCapabilities,
  welcomeArgument,
} from './capabilities.ts'
export { classicBody, classicBodyOfRecord, classicBodyStart, withMember } from './classic-body.ts'
export { DEFAULT_VIP_PORT, ReservedIdentity, Subsystem, VIP1, VipErrno } from './constants.ts'
export { describeError, type ErrorCode, VolttronError } from './errors.ts'
export {
  FrameAt,
  type Frames,
  frame,
  frameText,
  isVipMessage,
  topicFrame,
  type VipHeader,
  vipMessage,
} from './frames.ts'
export { isOneJsonObject, isOneJsonValue, jsonMembers } from './json-members.ts'
export { parseJson, toAsciiJson } from './json-text.ts'
export {
  decodeZ85,
  encodeZ85,
  type KeyPair,
  keyBytes,
  keyPairFromSecret,
  type PublicKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyFromBytes,
  publicKeyOf,
  type SecretKey,
  toZ85,
} from './keys.ts'
export {
  identityProblem,
  instanceNameFromHost,
  instanceNameProblem,
  isReservedIdentity,
  isTextToPython,
  looksLikeJson,
  parseRemotePeer,
  type RemotePeer,
} from './names.ts'
export { isEchoableInPython, isReadableInPython } from './python-hazards.ts'
export { formatRoute, parseRoute, type Route } from './route.ts'
export { openChallenge, sealChallenge } from './sealed-challenge.ts'
export { buildTail, maxTailBytes, type Tail, TailView, tailFlags, writeTail } from './tail.ts'
export { WrittenJson } from './written-json.ts'
