/** `platform.federation`: the state of the federation and what an operator decides about it. */
import type { FederationReport, FederationRow, RegistryReport } from '@volttron/contracts'
import type { MethodRegistry } from '@volttron/rpc'

/** The part of the engine this service shows. */
export interface FederationControl {
  statusRows(): readonly FederationRow[]
  registryStatus(): RegistryReport | null
  acceptKey(platform: string): Promise<void> | void
  removePeer(platform: string): Promise<void> | void
}

export function exportFederationService(methods: MethodRegistry, federation: FederationControl): MethodRegistry {
  methods.export(
    'status',
    (): FederationReport => ({
      registry: federation.registryStatus(),
      platforms: federation.statusRows(),
    }),
  )
  methods.export('accept_platform', (platform: string) => federation.acceptKey(platform), { params: ['platform'] })
  methods.export('remove_platform', (platform: string) => federation.removePeer(platform), { params: ['platform'] })
  return methods
}
