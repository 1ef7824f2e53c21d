/**
 * `platform.auth`: who may do what, and who may come in (VIP specification, sections 6.4 and 6.5). Arguments and results are
 * those of the Python platform, so that its agents and its `vctl` work unchanged.
 *
 * Questions are open to every agent, about itself and its own methods; everything else needs a rule that names caller and
 * method. A change holds when its answer is given.
 */
import type { AuthzFile } from '@volttron/auth'
import type { KeyApprovals } from '../key-approvals.ts'
import type { LocalKeys } from '../local-keys.ts'
import type { ServicePeer } from '../router/service-peer.ts'
import { exportApprovals } from './auth/approvals.ts'
import { exportCredentials } from './auth/credentials.ts'
import { exportQuestions } from './auth/questions.ts'
import { exportRules } from './auth/rules.ts'
import type { ServiceMethods } from './service-methods.ts'

export interface AuthServicePorts {
  readonly rules: Pick<AuthzFile, 'authorization' | 'edit' | 'rescan'>
  readonly localKeys: Pick<LocalKeys, 'credentials' | 'create' | 'remove'>
  readonly approvals: Pick<KeyApprovals, 'pending' | 'approved' | 'denied' | 'find' | 'approve' | 'deny' | 'forget'>
  /** Calls an agent as this service. */
  readonly call: ServicePeer['call']
  readonly isConnected: (identity: string) => boolean
  readonly log: (event: string, fields: Record<string, unknown>) => void
}

export function exportAuthService(methods: ServiceMethods, ports: AuthServicePorts): void {
  exportQuestions(methods, ports)
  exportRules(methods, ports)
  exportCredentials(methods, ports)
  exportApprovals(methods, ports)
}
