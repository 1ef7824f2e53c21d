/**
 * The first 64 bytes of every ZMTP 3 connection (ZeroMQ RFC 23 and 37), checked before anything is spent on a stranger.
 *
 * ```
 * ff, 8 bytes of padding, 7f | major minor | mechanism, 20 bytes, NUL padded | as-server | 31 x 00
 * ```
 */
export const GREETING_BYTES = 64

/** After these many bytes both sides know that the other speaks ZMTP, and send the rest. */
const SIGNATURE_BYTES = 10
const MAJOR_AT = 10
const MECHANISM_AT = 12
const MECHANISM_BYTES = 20
const CURVE = Buffer.alloc(MECHANISM_BYTES)
CURVE.write('CURVE')

/** What libzmq 4.3 sends as a CURVE socket; the front door sends it in the name of the inner socket made later. */
export const curveGreeting: Buffer = Buffer.alloc(GREETING_BYTES)
curveGreeting[0] = 0xff
curveGreeting[8] = 1
curveGreeting[9] = 0x7f
curveGreeting[MAJOR_AT] = 3
curveGreeting[MAJOR_AT + 1] = 1
CURVE.copy(curveGreeting, MECHANISM_AT)

export type GreetingState = 'signature-incomplete' | 'incomplete' | 'complete' | 'invalid'

/** Judges what has arrived so far; a wrong byte is noticed as soon as it is there. */
export function judgeGreeting(bytes: Buffer): GreetingState {
  if (bytes.length > 0 && bytes[0] !== 0xff) return 'invalid'
  if (bytes.length < SIGNATURE_BYTES) return 'signature-incomplete'
  if (bytes[SIGNATURE_BYTES - 1] !== 0x7f) return 'invalid'
  if (bytes.length > MAJOR_AT && bytes[MAJOR_AT]! < 3) return 'invalid'
  if (bytes.length < GREETING_BYTES) return 'incomplete'
  return bytes.compare(CURVE, 0, MECHANISM_BYTES, MECHANISM_AT, MECHANISM_AT + MECHANISM_BYTES) === 0
    ? 'complete'
    : 'invalid'
}
