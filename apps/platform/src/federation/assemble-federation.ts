/** The federation of a platform: the engine, the registry's client and the ports between them and this process. */
import { Federation, registryPort } from '@volttron/federation'
import type { Logger } from '@volttron/observe'
import type { SubscriptionTable } from '@volttron/pubsub'
import { RegistryClient } from '@volttron/registry-client'
import type { FrontDoor, Turn } from '@volttron/transport'
import { formatAddress, type VipAddress } from '@volttron/vip'
import { systemClock } from '../clock.ts'
import type { Home } from '../home/home.ts'
import type { KeyRing } from '../key-ring.ts'
import type { FederationOptions } from '../options/federation-options.ts'
import type { PlatformOptions } from '../options/platform-options.ts'
import type { PlatformKey } from '../platform-key.ts'
import type { Bus } from '../router/bus.ts'
import type { RouteName, Topic } from '../router/names.ts'
import type { Peer } from '../router/peer.ts'
import { federationPorts } from './federation-ports.ts'
import { federationStore } from './federation-store.ts'

export interface FederationParts {
  readonly options: PlatformOptions
  readonly wanted: FederationOptions
  readonly home: Home
  readonly door: FrontDoor
  readonly keyRing: KeyRing
  readonly platformKey: PlatformKey
  readonly turn: Turn
  readonly subscriptions: SubscriptionTable<Peer>
  /** The bus, which is complete by the time the first session opens. */
  readonly bus: () => Bus
  readonly log: Logger
}

export interface AssembledFederation {
  readonly federation: Federation<Topic, RouteName>
  /** Cuts requests to the registry that still run. */
  close(): Promise<void>
}

export function assembleFederation(parts: FederationParts): AssembledFederation {
  const { options, wanted, home, door, keyRing, platformKey, log } = parts
  const registry = new RegistryClient({
    url: wanted.registryUrl,
    ca: wanted.ca,
    password: wanted.registrationPassword,
    platformCredentials: platformKey.publicKey,
  })
  const advertise = wanted.dialOnly ? undefined : advertised(options.addresses.advertise, door.boundAddresses)
  const federation = new Federation<Topic, RouteName>(
    {
      instanceName: options.instanceName,
      advertiseAddress: advertise,
      ownAddresses: [...door.boundAddresses.map(formatAddress), ...(advertise === undefined ? [] : [advertise])],
      group: wanted.group,
      allow: wanted.allow,
      trust: wanted.trust,
    },
    federationPorts({
      limits: options.limits,
      turn: parts.turn,
      subscriptions: parts.subscriptions,
      bus: parts.bus,
      keys: {
        own: () => ({ publicKey: platformKey.publicKey, secretKey: platformKey.secretKey }),
        prepared: () => platformKey.prepared(),
        useOwn: (pair) => platformKey.use(pair),
        trust(platform, key) {
          const former = keyRing.trust(platform, key)
          if (former) door.closeByKey(former, 'the platform has another key now')
          door.refreshAdmissions()
        },
        revoke(platform) {
          const key = keyRing.revoke(platform)
          if (key) door.closeByKey(key, 'the platform was removed')
        },
      },
      store: federationStore(home.paths, systemClock.unixMs, (message) => log.warn(message)),
      registry: registryPort(registry, {
        url: wanted.registryUrl,
        formerSecretKeys: () => home.formerPlatformSecrets,
      }),
      log,
    }),
  )
  return { federation, close: () => registry.close() }
}

/** What others are told; port 0 becomes the port that the system chose. */
function advertised(wanted: VipAddress | undefined, bound: readonly VipAddress[]): string | undefined {
  if (!wanted) return undefined
  if (wanted.scheme !== 'tcp' || wanted.port !== 0) return formatAddress(wanted)
  const listening = bound.find((address) => address.scheme === 'tcp')
  return formatAddress({ ...wanted, port: listening?.scheme === 'tcp' ? listening.port : 0 })
}
