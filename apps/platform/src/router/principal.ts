/** Whose rights count for an identity. */
import { ReservedIdentity } from '@volttron/vip'

const OPERATOR = ReservedIdentity.controlConnection

/**
 * Any of the operator's command lines, each of which has a name of its own, acts as `control.connection`; those of another
 * platform as its `control.connection`.
 */
export function principalOf(identity: string): string {
  const start = identity.indexOf('/') + 1
  return identity.startsWith(`${OPERATOR}.`, start) ? identity.slice(0, start) + OPERATOR : identity
}
