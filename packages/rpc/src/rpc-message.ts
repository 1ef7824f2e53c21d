/**
 * JSON-RPC 2.0 texts as VOLTTRON agents exchange them: one object or a batch (array) per frame, always ASCII. Arguments
 * are positional (an array), by keyword (an object), or both (`{"*args": [...], "**kwargs": {...}}`).
 */
import { parseJson, toAsciiJson, WrittenJson } from '@volttron/vip'
import { errorObject, isRecord, RpcErrorCode, type RpcErrorObject } from './rpc-error.ts'

/** Matches a reply with its request. Ours are text; a peer's are given back as they came. */
export type RpcId = string | number

export interface RpcParams {
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

export interface RpcRequest {
  readonly kind: 'request'
  readonly method: string
  readonly params: RpcParams
  /** `undefined`: a notification, which is never answered. */
  readonly id: RpcId | undefined
}

export type RpcReply =
  | { readonly kind: 'result'; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: RpcId | null; readonly error: RpcErrorObject }

/** Something that is no JSON-RPC; `error` is what its sender should be told. */
export interface InvalidRpc {
  readonly kind: 'invalid'
  readonly id: RpcId | null
  readonly error: RpcErrorObject
}

export type RpcMessage = RpcRequest | RpcReply | InvalidRpc

export interface RpcFrame {
  /** The replies to a batch go back as one array. */
  readonly batch: boolean
  readonly messages: readonly RpcMessage[]
}

/** Most messages one batch may hold. */
export const MAX_BATCH = 1000

export const NO_PARAMS: RpcParams = { args: [], kwargs: {} }

/**
 * @param params an argument that is WrittenJson goes out as it is written
 * @throws VolttronError `bad-data` when an argument cannot be written as JSON
 */
export function encodeRequest(method: string, params: RpcParams, id?: RpcId): string {
  if (!params.args.some(isWritten) && !Object.values(params.kwargs).some(isWritten))
    return toAsciiJson({ jsonrpc: '2.0', method, params: encodeParams(params), id })
  const idMember = id === undefined ? '' : `,"id":${toAsciiJson(id)}`
  return `{"jsonrpc":"2.0","method":${toAsciiJson(method)},"params":${paramsText(params)}${idMember}}`
}

/**
 * @param result WrittenJson goes out as it is written
 * @throws VolttronError `bad-data` when the result cannot be written as JSON
 */
export const encodeResult = (id: RpcId, result: unknown): string =>
  `{"jsonrpc":"2.0","id":${toAsciiJson(id)},"result":${valueText(result)}}`

const isWritten = (value: unknown): value is WrittenJson => value instanceof WrittenJson
const valueText = (value: unknown): string => (isWritten(value) ? value.text : toAsciiJson(value))

export const encodeError = (id: RpcId | null, error: RpcErrorObject): string =>
  toAsciiJson({ jsonrpc: '2.0', id, error })

/** One frame of several encoded messages. */
export const encodeBatch = (messages: readonly string[]): string => `[${messages.join(',')}]`

function encodeParams({ args, kwargs }: RpcParams): unknown {
  const hasKeywords = Object.keys(kwargs).length > 0
  if (!hasKeywords) return args.length === 0 ? undefined : args
  if (args.length === 0 && !hasStars(kwargs)) return kwargs
  return { '*args': args, '**kwargs': kwargs }
}

/** What {@link encodeParams} gives, as text. */
function paramsText({ args, kwargs }: RpcParams): string {
  const list = `[${args.map(valueText).join(',')}]`
  const members = Object.entries(kwargs).map(([name, value]) => `${toAsciiJson(name)}:${valueText(value)}`)
  if (members.length === 0) return list
  const named = `{${members.join(',')}}`
  return args.length === 0 && !hasStars(kwargs) ? named : `{"*args":${list},"**kwargs":${named}}`
}

const hasStars = (object: Readonly<Record<string, unknown>>): boolean =>
  Object.hasOwn(object, '*args') || Object.hasOwn(object, '**kwargs')

/** Reads one frame. Never throws: what is wrong comes back as an `invalid` message. */
export function decodeFrame(frame: string | Uint8Array): RpcFrame {
  const text = typeof frame === 'string' ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString()
  const value = parseJson(text)
  if (value === undefined) return single(invalid(null, RpcErrorCode.parseError, 'the frame is not JSON'))
  if (!Array.isArray(value)) return single(decodeMessage(value))
  if (value.length === 0) return single(invalid(null, RpcErrorCode.invalidRequest, 'the batch is empty'))
  if (value.length > MAX_BATCH) {
    return single(invalid(null, RpcErrorCode.invalidRequest, `a batch holds at most ${MAX_BATCH} messages`))
  }
  return { batch: true, messages: value.map(decodeMessage) }
}

const single = (message: RpcMessage): RpcFrame => ({ batch: false, messages: [message] })

const invalid = (id: RpcId | null, code: number, detail: string, message?: string): InvalidRpc => ({
  kind: 'invalid',
  id,
  error: errorObject(code, detail, message),
})

function decodeMessage(value: unknown): RpcMessage {
  // The texts of these errors are those of Python agents.
  if (!isRecord(value)) {
    return invalid(null, RpcErrorCode.invalidRequest, 'a message is an object', 'invalid object type')
  }
  const id = typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null
  const missing = (member: string) =>
    invalid(id, RpcErrorCode.invalidRequest, `missing required ${member} member`, 'missing required member')
  if (value.jsonrpc === undefined) return missing("'jsonrpc'")
  if (value.jsonrpc !== '2.0') {
    return invalid(id, RpcErrorCode.invalidRequest, "'jsonrpc' must be 2.0", 'unsupported version')
  }
  if (value.method !== undefined) return decodeRequest(value, id)
  if (value.error !== undefined && value.error !== null) {
    return { kind: 'error', id, error: decodeError(value.error) }
  }
  if (!Object.hasOwn(value, 'result')) return missing("'method', 'result' or 'error'")
  return id === null ? missing("'id'") : { kind: 'result', id, result: value.result }
}

function decodeRequest(value: Record<string, unknown>, id: RpcId | null): RpcRequest | InvalidRpc {
  if (typeof value.method !== 'string') return invalid(id, RpcErrorCode.invalidRequest, "'method' must be text")
  const params = decodeParams(value.params)
  if (params === undefined) {
    return invalid(id, RpcErrorCode.invalidParams, "'params' must be an array, an object, or *args and **kwargs")
  }
  return { kind: 'request', method: value.method, params, id: id ?? undefined }
}

function decodeParams(params: unknown): RpcParams | undefined {
  if (params === undefined || params === null) return NO_PARAMS
  if (Array.isArray(params)) return { args: params, kwargs: {} }
  if (!isRecord(params)) return undefined
  if (!hasStars(params)) return { args: [], kwargs: params }
  const args = params['*args'] ?? []
  const kwargs = params['**kwargs'] ?? {}
  return Array.isArray(args) && isRecord(kwargs) ? { args, kwargs } : undefined
}

/** Peers may send anything as an error; the caller must still learn that the call failed. */
function decodeError(error: unknown): RpcErrorObject {
  if (!isRecord(error)) return { code: RpcErrorCode.internalError, message: String(error) }
  const code = typeof error.code === 'number' ? error.code : RpcErrorCode.internalError
  const message = typeof error.message === 'string' ? error.message : 'error'
  return error.data === undefined ? { code, message } : { code, message, data: error.data }
}
