/**
 * Errors of remote calls. On the wire an error is `{code, message, data}`; `data.detail` says what happened, and Python
 * peers want `data["exception.py"]` beside it when a method raised (VIP specification, section 4.7).
 *
 * RpcFault is what a method of ours throws to answer with a code of its choice. RemoteError is what a caller of ours
 * gets.
 */
import { VolttronError } from '@volttron/vip'

/** Codes of JSON-RPC 2.0 and those VOLTTRON adds. */
export const RpcErrorCode = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  unhandledException: -32000,
  unauthorized: -32001,
  unavailablePlatform: -32005,
  unavailableAgent: -32006,
} as const

/** The texts that go with the codes. */
const TEXTS: Readonly<Record<number, string>> = {
  [RpcErrorCode.parseError]: 'invalid JSON',
  [RpcErrorCode.invalidRequest]: 'invalid request',
  [RpcErrorCode.methodNotFound]: 'unimplemented method',
  [RpcErrorCode.invalidParams]: 'invalid params',
  [RpcErrorCode.internalError]: 'internal error',
  [RpcErrorCode.unhandledException]: 'unhandled exception',
  [RpcErrorCode.unauthorized]: 'unauthorized',
  [RpcErrorCode.unavailablePlatform]: 'unavailable platform',
  [RpcErrorCode.unavailableAgent]: 'unavailable agent',
}

/** An error as it stands on the wire. */
export interface RpcErrorObject {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** Thrown inside an exported method: the caller gets this code and `detail`. */
export class RpcFault extends Error {
  readonly code: number

  constructor(code: number, detail: string) {
    super(detail)
    this.name = 'RpcFault'
    this.code = code
  }
}

/** @param message default: the text that goes with the code */
export const errorObject = (code: number, detail: string, message = TEXTS[code] ?? 'error'): RpcErrorObject => ({
  code,
  message,
  data: { detail },
})

/** What the caller is told when a method threw: never a stack trace, which would give away file names. */
export function errorObjectOf(thrown: unknown): RpcErrorObject {
  if (thrown instanceof RpcFault) return errorObject(thrown.code, thrown.message)
  // Anything can be thrown: a value whose conversion to text throws must not end the agent.
  const error = thrown instanceof Error && typeof thrown.message === 'string' ? thrown : undefined
  const detail = error?.message ?? (typeof thrown === 'string' ? thrown : 'the method failed and did not say why')
  const type = typeof error?.name === 'string' ? error.name : typeof thrown
  return {
    code: RpcErrorCode.unhandledException,
    message: TEXTS[RpcErrorCode.unhandledException]!,
    data: { detail, ...reasonOf(thrown), 'exception.py': { exc_type: type, exc_args: [detail], exc_tb: '' } },
  }
}

/** Why, in words a program can act on, and what to do: our own callers read them, Python ones pass them over. */
const reasonOf = (thrown: unknown): { readonly reason?: string; readonly hint?: string } =>
  thrown instanceof VolttronError
    ? { reason: thrown.code, ...(thrown.hint === undefined ? {} : { hint: thrown.hint }) }
    : {}

/** The callee answered a call with an error. */
export class RemoteError extends Error {
  readonly code: number
  readonly data: unknown
  readonly peer: string
  readonly method: string
  /** Type of the exception the method raised (`builtins.ValueError`), when the callee told. */
  readonly excType: string | undefined
  readonly excArgs: readonly unknown[]
  /** Python's stack trace at the callee, when it told: several lines, for a log. */
  readonly excTraceback: string | undefined
  /** What went wrong, in the words of the callee alone. */
  readonly detail: string

  constructor(peer: string, method: string, error: RpcErrorObject) {
    const data = asRecord(error.data)
    const exception = asRecord(data['exception.py'])
    const excType = typeof exception.exc_type === 'string' ? exception.exc_type : undefined
    const detail = typeof data.detail === 'string' && data.detail !== '' ? data.detail : error.message
    super(`${peer}: ${method} failed: ${excType === undefined ? '' : `${excType}: `}${detail}`)
    this.name = 'RemoteError'
    this.code = error.code
    this.data = error.data
    this.peer = peer
    this.method = method
    this.excType = excType
    this.excArgs = Array.isArray(exception.exc_args) ? exception.exc_args : []
    this.excTraceback = typeof exception.exc_tb === 'string' && exception.exc_tb !== '' ? exception.exc_tb : undefined
    this.detail = detail
  }
}

/** The callee does not export the method. */
export class MethodNotFound extends RemoteError {
  constructor(peer: string, method: string, error: RpcErrorObject) {
    super(peer, method, error)
    this.name = 'MethodNotFound'
  }
}

/** The error a caller gets for an error on the wire. */
export const remoteError = (peer: string, method: string, error: RpcErrorObject): RemoteError =>
  error.code === RpcErrorCode.methodNotFound
    ? new MethodNotFound(peer, method, error)
    : new RemoteError(peer, method, error)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const asRecord = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})
