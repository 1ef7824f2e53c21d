export { sequentialIds } from './call-id.ts'
export {
  type MethodOptions,
  MethodRegistry,
  type MethodRegistryOptions,
  type RpcCall,
  type RpcContext,
  type RpcMethod,
  type RpcParameter,
} from './method-registry.ts'
export {
  type BatchRequest,
  type CallOptions,
  PendingCalls,
  type PendingCallsOptions,
  type PendingCallsPorts,
} from './pending-calls.ts'
export { type RpcOrigin, type RpcParts, receiveRpc } from './receive-rpc.ts'
export {
  errorObject,
  MethodNotFound,
  RemoteError,
  RpcErrorCode,
  type RpcErrorObject,
  RpcFault,
} from './rpc-error.ts'
export {
  decodeFrame,
  encodeBatch,
  encodeError,
  encodeRequest,
  encodeResult,
  type InvalidRpc,
  MAX_BATCH,
  NO_PARAMS,
  type RpcFrame,
  type RpcId,
  type RpcMessage,
  type RpcParams,
  type RpcReply,
  type RpcRequest,
} from './rpc-message.ts'
