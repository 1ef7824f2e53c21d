/** The platform's own services, as peers on the bus. */
import { randomBytes } from 'node:crypto'
import type { AuthzFile } from '@volttron/auth'
import type { Federation } from '@volttron/federation'
import { componentLogger, type Logger } from '@volttron/observe'
import { sequentialIds } from '@volttron/rpc'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import { systemClock } from '../clock.ts'
import type { KeyApprovals } from '../key-approvals.ts'
import type { LocalKeys } from '../local-keys.ts'
import type { PlatformKey } from '../platform-key.ts'
import type { Bus } from '../router/bus.ts'
import type { RouteName, Topic } from '../router/names.ts'
import type { Router } from '../router/router.ts'
import { ServicePeer } from '../router/service-peer.ts'
import type { Agents } from '../supervisor/agents.ts'
import { exportAgentMethods } from './agent-methods.ts'
import { exportAuthService } from './auth-service.ts'
import { exportConfigStoreService } from './config-store/config-store-service.ts'
import { ConfigStores } from './config-store/config-stores.ts'
import { StoreFiles } from './config-store/store-files.ts'
import { exportControlService } from './control-service.ts'
import { crashAlert } from './crash-alert.ts'
import { exportFederationService } from './federation-service.ts'
import { exportHealthService } from './health-service.ts'
import { rotatePlatformKey } from './rotate-platform-key.ts'
import { ServiceMethods } from './service-methods.ts'

export interface ServiceParts {
  readonly bus: Bus
  readonly router: Router
  /** `undefined` when federation is not enabled. */
  readonly federation: Federation<Topic, RouteName> | undefined
  readonly agents: Agents
  readonly platformKey: PlatformKey
  readonly rules: AuthzFile
  readonly localKeys: LocalKeys
  readonly approvals: KeyApprovals
  readonly log: (event: string, fields: Record<string, unknown>) => void
  readonly startedAtMs: number
  readonly doorCounters: () => object
  /** Folder of the configuration store. */
  readonly configurationStore: string
  readonly logger: Logger
  readonly onQuit: () => void
}

/** Calls the configuration store serves at a time: many of them wait for agents. */
const MAX_CONFIG_CALLS = 10_000

export function addServices(parts: ServiceParts): void {
  const { bus, router, federation, agents, platformKey } = parts
  const ports = { bus, router, newId: sequentialIds(randomBytes(8).toString('hex')), setTimer: systemClock.setTimer }
  const add = (
    identity: string,
    exportTo: (methods: ServiceMethods, service: ServicePeer) => void,
    maxRunning?: number,
  ) => {
    const methods = new ServiceMethods(identity, bus.authority, maxRunning)
    const service = new ServicePeer(identity, methods, ports)
    exportTo(methods, service)
    bus.peers.add(identity, service)
  }
  const required = () => {
    if (federation) return federation
    throw new VolttronError('config', 'federation is not enabled on this platform', {
      hint: 'start it with --enable-federation --federation-url URL',
    })
  }
  add(ReservedIdentity.auth, (methods, service) =>
    exportAuthService(methods, {
      rules: parts.rules,
      localKeys: parts.localKeys,
      approvals: parts.approvals,
      call: (...call) => service.call(...call),
      isConnected: (identity) => bus.peers.get(identity) !== undefined,
      log: parts.log,
    }),
  )
  add(ReservedIdentity.control, (methods, service) => {
    exportAgentMethods(methods, agents)
    agents.onCrash((crash) => {
      const { topic, headers, message } = crashAlert(crash, bus.instanceName)
      service.publish(topic, headers, message)
    })
    exportControlService(methods, {
      bus,
      now: systemClock.monotonicMs,
      startedAtMs: parts.startedAtMs,
      doorCounters: parts.doorCounters,
      rotatePlatformKey: () => rotatePlatformKey(platformKey, federation),
      stopPlatform: parts.onQuit,
    })
  })
  const configLog = componentLogger(parts.logger, 'config-store')
  add(
    ReservedIdentity.configStore,
    (methods, service) =>
      exportConfigStoreService(methods, {
        stores: new ConfigStores(
          new StoreFiles({
            folder: parts.configurationStore,
            unixMs: systemClock.unixMs,
            warn: (message) => configLog.warn(message),
          }),
        ),
        service,
        isConnected: (identity) => (bus.peers.get(identity)?.kind ?? 'service') !== 'service',
        unixMs: systemClock.unixMs,
        warn: (fields, event) => configLog.warn(fields, event),
      }),
    MAX_CONFIG_CALLS,
  )
  add(ReservedIdentity.health, (methods, service) =>
    exportHealthService(methods, {
      service,
      identities: [...bus.peers.values()].map(({ identity }) => identity),
      unixMs: systemClock.unixMs,
    }),
  )
  add(ReservedIdentity.federation, (methods) =>
    exportFederationService(methods, {
      statusRows: () => federation?.statusRows() ?? [],
      registryStatus: () => federation?.registryStatus() ?? null,
      acceptKey: (name) => required().acceptKey(name),
      removePeer: (name) => required().removePeer(name),
    }),
  )
}
