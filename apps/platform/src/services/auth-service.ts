/**
 * `platform.auth`: who may do what, and who may come in (VIP specification, sections 6.4 and 6.5). Arguments and results are
 * those of the Python platform, so that its agents and its `vctl` work unchanged.
 *
 * Questions are open to every agent, about itself and its own methods; everything else needs a rule that names caller and
 * method. A change holds when its answer is given.
 */
import { exportApprovals } from './auth/approvals.ts'
import { exportCredentials } from './auth/credentials.ts'
import type { AuthServicePorts } from './auth/ports.ts'
import { exportQuestions } from './auth/questions.ts'
import { exportRules } from './auth/rules.ts'
import type { ServiceMethods } from './service-methods.ts'

export function exportAuthService(methods: ServiceMethods, ports: AuthServicePorts): void {
  exportQuestions(methods, ports)
  exportRules(methods, ports)
  exportCredentials(methods, ports)
  exportApprovals(methods, ports)
}
