/** Whose rights count for an identity. */
import { ReservedIdentity } from '@volttron/vip'

const OPERATOR = ReservedIdentity.controlConnection

/** Any of the operator's command lines, each of which has a name of its own, acts as `control.connection`. */
export const principalOf = (identity: string): string => (identity.startsWith(`${OPERATOR}.`) ? OPERATOR : identity)
