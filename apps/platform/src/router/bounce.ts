/** Error frames (VIP specification, section 2.3): `errnum, text, original recipient, subsystem`, under the id of the message. */
import { Subsystem, vipMessage } from '@volttron/vip'
import type { Errno } from './bus.ts'
import type { Peer } from './peer.ts'

/** The message that failed, as far as its sender has to be told. */
export interface Failed {
  readonly id: Uint8Array
  readonly recipient: string | Uint8Array
  readonly subsystem: string | Uint8Array
}

export function bounce(to: Peer, errno: Errno, failed: Failed, text: string = errno.text): void {
  // As real routers do: they name the sender only in what concerns the way to another peer.
  const user = failed.recipient.length === 0 ? '' : to.identity
  const header = { peer: '', user, id: failed.id, subsystem: Subsystem.error }
  to.send(vipMessage(header, [String(errno.code), text, failed.recipient, failed.subsystem]))
}
