/** What a VIP error means to the author of an agent (VIP specification, section 2.3). */
import { VipErrno, VolttronError } from '@volttron/vip'

/** A router of ours found the headers or the body not to be what they claim (EINVAL). */
const MALFORMED = 22

/** The error for a VIP error number; `what` names the request, for example `publish to 'devices/a'`. */
export function vipError(errno: number, text: string, what: string): VolttronError {
  // A result record writes error numbers unsigned.
  const code = errno === -VipErrno.unauthorized.code ? VipErrno.unauthorized.code : errno
  switch (code) {
    case VipErrno.unauthorized.code:
      return new VolttronError('denied', `${what} is not allowed: ${text || VipErrno.unauthorized.text}`, {
        hint: 'the operator of the platform grants capabilities to agents',
      })
    case VipErrno.hostUnreachable.code:
      return new VolttronError('not-found', `${what} failed: no such peer is connected`)
    case VipErrno.again.code:
      return new VolttronError('unavailable', `${what} failed: the receiver does not keep up (${text})`)
    case MALFORMED:
      return new VolttronError('bad-data', `${what} was refused: ${text}`)
    case VipErrno.protocolNotSupported.code:
      return new VolttronError('unavailable', `${what} failed: the platform does not offer this`)
    default:
      return new VolttronError('unavailable', `${what} failed: ${text || 'no reason given'} (VIP error ${code})`)
  }
}
