import type { AuthzFile } from '@volttron/auth'
import type { KeyApprovals } from '../../key-approvals.ts'
import type { LocalKeys } from '../../local-keys.ts'
import type { ServicePeer } from '../../router/service-peer.ts'

/** What `platform.auth` works on. */
export interface AuthServicePorts {
  readonly rules: Pick<AuthzFile, 'authorization' | 'edit' | 'rescan'>
  readonly localKeys: Pick<LocalKeys, 'credentials' | 'create' | 'remove'>
  readonly approvals: Pick<KeyApprovals, 'pending' | 'approved' | 'denied' | 'find' | 'approve' | 'deny' | 'forget'>
  /** Calls an agent as this service. */
  readonly call: ServicePeer['call']
  readonly isConnected: (identity: string) => boolean
  readonly log: (event: string, fields: Record<string, unknown>) => void
}
