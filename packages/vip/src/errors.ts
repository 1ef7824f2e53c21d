/**
 * The one error a user may see.
 *
 * `message` is one line for a person: what is wrong and where. `hint` says what to do. `exitCode` follows sysexits(3), so
 * scripts can tell a wrong option from a busy port. Anything else that is thrown is a defect of ours.
 */
export class VolttronError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'VolttronError'
    this.code = code
    this.hint = options.hint
  }

  get exitCode(): number {
    return exitCodes[this.code]
  }
}

/** Exit codes by error code, after sysexits(3). */
const exitCodes = {
  /** Wrong option, argument or address: EX_USAGE. */
  usage: 64,
  /** A file or a message holds something that is not what it should be: EX_DATAERR. */
  'bad-data': 65,
  /** No such identity or platform: EX_NOUSER. */
  'not-found': 67,
  /** The platform, a peer or the registry cannot be reached: EX_UNAVAILABLE. */
  unavailable: 69,
  /** A defect of ours: EX_SOFTWARE. */
  internal: 70,
  /** Disk full, permission denied, port in use: EX_OSERR. */
  system: 71,
  /** No answer in time; trying again may help: EX_TEMPFAIL. */
  timeout: 75,
  /** Refused for lack of rights: EX_NOPERM. */
  denied: 77,
  /** The configuration contradicts itself: EX_CONFIG. */
  config: 78,
} as const

export type ErrorCode = keyof typeof exitCodes

/** Turns anything thrown into one printable line, never a stack trace. */
export function describeError(error: unknown): string {
  if (error instanceof VolttronError) return error.hint ? `${error.message} (${error.hint})` : error.message
  if (error instanceof Error) return error.message.split('\n', 1)[0] || error.name
  try {
    return String(error)
  } catch {
    return 'something that is no error was thrown'
  }
}
