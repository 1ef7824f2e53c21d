/** `platform.federation`: the state of the federation and what an operator decides about it. */
import type { FederationReport, FederationRow, RegistryReport } from '@volttron/contracts'
import type { ServiceMethods } from './service-methods.ts'

/** The part of the engine this service shows. */
export interface FederationControl {
  statusRows(): readonly FederationRow[]
  registryStatus(): RegistryReport | null
  acceptKey(platform: string): Promise<void> | void
  removePeer(platform: string): Promise<void> | void
}

export function exportFederationService(methods: ServiceMethods, federation: FederationControl): void {
  methods.exportOpen(
    'status',
    (): FederationReport => ({
      registry: federation.registryStatus(),
      platforms: federation.statusRows(),
    }),
    { params: [] },
  )
  methods.export('accept_platform', (platform: string) => federation.acceptKey(platform), { params: ['platform'] })
  methods.export('remove_platform', (platform: string) => federation.removePeer(platform), { params: ['platform'] })
}
