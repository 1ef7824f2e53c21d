/** Error frames (VIP specification, section 2.3): `errnum, text, original recipient, subsystem`, under the id of the message. */
import { frameText, looksLikeJson, Subsystem, vipMessage } from '@volttron/vip'
import type { Errno } from './bus.ts'
import { isRobust } from './harmless.ts'
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
  const header = { peer: '', user, id: idFor(to, failed.id), subsystem: Subsystem.error }
  to.send(vipMessage(header, [String(errno.code), text, failed.recipient, failed.subsystem]))
}

/**
 * Python's calls have ids such as `1795374281.8728026698659`, and its reader takes every frame for JSON that is some: as a
 * number the id matches no call, which then waits for its time-out. In quotes it is read as the text it was.
 */
function idFor(to: Peer, id: Uint8Array): Uint8Array | string {
  if (isRobust(to)) return id
  const text = frameText(id)
  return looksLikeJson(text) ? JSON.stringify(text) : id
}
