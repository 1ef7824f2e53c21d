/** Where a message goes, by its recipient alone. */
import { parseRemotePeer, ReservedIdentity } from '@volttron/vip'
import type { PeerTable } from './peer-table.ts'

export type Destination<P> =
  /** The router's own subsystems. */
  | { readonly to: 'router' }
  | { readonly to: 'peer'; readonly peer: P }
  /** A peer named `<platform>/<identity>`. */
  | { readonly to: 'platform'; readonly platform: string; readonly identity: string }
  | { readonly to: 'nowhere' }

const ROUTER = { to: 'router' } as const
const NOWHERE = { to: 'nowhere' } as const

/** @param instanceName our own; `<our own>/<identity>` is a local peer */
export function decide<P extends object>(recipient: string, peers: PeerTable<P>, instanceName: string): Destination<P> {
  if (recipient === ReservedIdentity.router) return ROUTER
  const peer = peers.get(recipient)
  if (peer) return { to: 'peer', peer }
  const remote = parseRemotePeer(recipient)
  if (!remote) return NOWHERE
  if (remote.platform !== instanceName) return { to: 'platform', ...remote }
  const local = peers.get(remote.identity)
  return local ? { to: 'peer', peer: local } : NOWHERE
}
