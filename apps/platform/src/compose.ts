/**
 * Puts a platform together: keys, rules, front door, federation, bus, services. Everything is made here and nowhere else, in
 * the order in which it needs each other, and stopped in reverse.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Authorization, Credentials, generateKeyPair, openAuthzFile, publicKeysOf } from '@volttron/auth'
import { Federation, registryPort } from '@volttron/federation'
import { componentLogger, type Logger } from '@volttron/observe'
import { RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { RegistryClient } from '@volttron/registry-client'
import { PeerTable } from '@volttron/routing'
import { FrontDoor, Turn } from '@volttron/transport'
import {
  formatAddress,
  type KeyPair,
  type PublicKey,
  ReservedIdentity,
  type VipAddress,
  VipErrno,
  VolttronError,
} from '@volttron/vip'
import writeFileAtomic from 'write-file-atomic'
import { systemClock } from './clock.ts'
import { federationPorts } from './federation/federation-ports.ts'
import { federationStore } from './federation/federation-store.ts'
import type { Home } from './home/home.ts'
import { KeyRing } from './key-ring.ts'
import type { PlatformOptions } from './options/platform-options.ts'
import { bounce } from './router/bounce.ts'
import { asAgent, type Bus } from './router/bus.ts'
import { newRouterCounters } from './router/counters.ts'
import { Distribution } from './router/distribution.ts'
import type { PeerSession, RouteName, Topic } from './router/names.ts'
import type { Peer } from './router/peer.ts'
import { Reception } from './router/reception.ts'
import { Router } from './router/router.ts'
import { ServicePeer } from './router/service-peer.ts'
import { adminMethods } from './services/admin-methods.ts'
import { exportControlService } from './services/control-service.ts'
import { exportFederationService } from './services/federation-service.ts'

export interface Platform {
  readonly instanceName: string
  /** Every address with the port it really has, the local socket last. */
  readonly addresses: readonly string[]
  /** Stops in reverse order of the start; what is queued gets a moment to leave. Idempotent. */
  stop(): Promise<void>
}

export interface PlatformSurroundings {
  readonly home: Home
  readonly version: string
  readonly log: Logger
  /** An operator asked the platform to stop. */
  readonly onQuit: () => void
}

/** Subscriptions one agent may hold. */
const MAX_SUBSCRIPTIONS = 200_000

/**
 * Starts a platform. When this resolves it serves; the caller announces that.
 *
 * @throws VolttronError one line for a person: an address that cannot be used, a full disk...
 */
export async function startPlatform(options: PlatformOptions, surroundings: PlatformSurroundings): Promise<Platform> {
  const started: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const end of started.splice(0).reverse()) await end()
  }
  try {
    return await compose(options, surroundings, started, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function compose(
  options: PlatformOptions,
  { home, version, log, onQuit }: PlatformSurroundings,
  started: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Platform> {
  const { instanceName, limits } = options
  const startedAtMs = systemClock.monotonicMs()
  const routerLog = componentLogger(log, 'router')

  // Keys and rules. The platform's own pair is replaced as a whole when it is rotated.
  let ownKeys: KeyPair = home.platformKeys
  const credentials = new Credentials()
  const keyRing = new KeyRing({ credentials, onUnknownKey: () => federation?.onUnknownKey() })
  await loadCredentials(home, credentials, routerLog, started, {
    onAdded: () => door?.refreshAdmissions(),
    onRevoked: (key) => door?.closeByKey(key, 'the key was revoked'),
  })
  const { authorization } = await openRules(home, routerLog, started)

  // The front door opens before the rest is there, because only then the ports are known; nobody is judged before.
  let openForBusiness = () => {}
  const ready = new Promise<void>((resolve) => {
    openForBusiness = resolve
  })
  const door = await FrontDoor.listen({
    addresses: [...options.addresses.listen, options.addresses.local],
    serverKeys: {
      get publicKey() {
        return ownKeys.publicKey
      },
      get secretKey() {
        return ownKeys.secretKey
      },
    },
    admit: async (key) => {
      await ready
      return keyRing.admit(key)
    },
    onConnection: (connection) => reception.receive(connection),
    limits: {
      messageBytes: limits.maxMessageBytes,
      unauthenticated: limits.maxUnauthenticated,
      unauthenticatedPerAddress: limits.maxUnauthenticatedPerAddress,
      authenticateMs: limits.handshakeTimeMs,
      handshakes: limits.maxHandshakes,
      heartbeatIntervalMs: limits.heartbeatIntervalMs,
      heartbeatTimeoutMs: limits.heartbeatTimeoutMs,
    },
    log: componentLogger(log, 'front-door'),
  })
  started.push(() => door.close())
  const addresses = door.boundAddresses.map(formatAddress)

  const turn = new Turn()
  const subscriptions = new SubscriptionTable<Peer>({ maxPerSubscriber: MAX_SUBSCRIPTIONS })
  const federation = options.federation && makeFederation()
  const peers = new PeerTable<Peer>()
  const counters = newRouterCounters()
  const distribution = new Distribution({
    instanceName,
    epoch: federation?.epoch ?? 0,
    authority: authorization,
    subscriptions,
    remoteInterest: federation?.remoteInterest ?? new RemoteInterest<PeerSession>(),
    counters,
    onRefused: (subscriber, publisher) => tellPublisher(peers, subscriber, publisher?.localRoute.sender),
  })
  const bus: Bus = {
    instanceName,
    routerId: randomUUID(),
    peers,
    subscriptions,
    distribution,
    authority: authorization,
    platforms: {
      sendRpc(platform, { to, from, id, args }) {
        const error = federation
          ? federation.sendRpc(platform, to, from, id, args)
          : { errno: VipErrno.hostUnreachable.code, text: 'federation is not enabled on this platform' }
        return error && { code: error.errno, text: error.text }
      },
    },
    counters,
    facts: {
      addresses: addresses.slice(0, -1),
      localAddress: addresses.at(-1)!,
      get publicKey() {
        return ownKeys.publicKey
      },
      version,
    },
    nextNonce: () => randomBytes(4).readUInt32LE(),
    drop(peer) {
      peers.drop(peer.identity, peer)
      peer.close('agentstop')
    },
    onQuit,
  }
  const router = new Router(bus)
  const reception = new Reception({
    bus,
    router,
    turn,
    holderOf: (key) => keyRing.holderOf(key),
    sessions: {
      accept(platform, connection, hello, nonce) {
        const session = federation?.accept(platform, connection, hello, nonce)
        return (
          session && {
            onMessage: (frames) => session.onMessage(frames),
            onClose: (reason) => session.onConnectionClosed(reason),
          }
        )
      },
    },
    now: systemClock.monotonicMs,
    setTimer: systemClock.setTimer,
    queueBytes: limits.peerQueueBytes,
    // A peer that lives shows it by a ZMTP heartbeat at the latest.
    challengeMs: limits.heartbeatIntervalMs + 1_000,
    log: (event, fields) => routerLog.info(fields, event),
  })

  addService(ReservedIdentity.control, (methods) =>
    exportControlService(methods, {
      bus,
      now: systemClock.monotonicMs,
      startedAtMs,
      doorCounters: () => door.counters,
      rotatePlatformKey,
      stopPlatform: onQuit,
    }),
  )
  addService(ReservedIdentity.federation, (methods) =>
    exportFederationService(methods, {
      statusRows: () => federation?.statusRows() ?? [],
      registryStatus: () => federation?.registryStatus() ?? null,
      acceptKey: (name) => requireFederation().acceptKey(name),
      removePeer: (name) => requireFederation().removePeer(name),
    }),
  )

  await writeFileAtomic(join(home.paths.run, 'addresses.json'), `${JSON.stringify({ addresses })}\n`)
  openForBusiness()
  await federation?.start()
  if (federation) started.push(() => federation.stop())
  return { instanceName, addresses, stop }

  function addService(identity: string, exportTo: (methods: ReturnType<typeof adminMethods>) => unknown): void {
    const methods = adminMethods(identity, authorization)
    exportTo(methods)
    peers.add(identity, new ServicePeer(identity, methods, (from, frames) => router.accept(from, frames)))
  }

  function requireFederation(): Federation<Topic, RouteName> {
    if (federation) return federation
    throw new VolttronError('config', 'federation is not enabled on this platform', {
      hint: 'start it with --enable-federation --federation-url URL',
    })
  }

  /** The registry hears of the new key first, with the old one as proof; only then it is written down and used. */
  async function rotatePlatformKey() {
    const former = ownKeys.publicKey
    const pair = generateKeyPair()
    const outcome = federation ? await federation.rotateKey(pair) : { outcome: 'no-registry' }
    if (outcome.outcome !== 'registered' && outcome.outcome !== 'no-registry') {
      const why = 'message' in outcome ? outcome.message : outcome.outcome
      throw new VolttronError('unavailable', `the key stays as it is: the registry did not take the new one: ${why}`)
    }
    await home.credentialStore.rotate(ReservedIdentity.platform, pair)
    ownKeys = pair
    return { old: former, new: pair.publicKey, registry: outcome.outcome }
  }

  function makeFederation(): Federation<Topic, RouteName> {
    const wanted = options.federation!
    const federationLog = componentLogger(log, 'federation')
    const registry = new RegistryClient({
      url: wanted.registryUrl,
      ca: wanted.ca,
      password: wanted.registrationPassword,
      platformCredentials: ownKeys.publicKey,
    })
    started.push(() => registry.close())
    const ports = federationPorts({
      instanceName,
      limits,
      turn,
      subscriptions,
      bus: () => bus,
      keys: {
        own: () => ownKeys,
        useOwn(pair) {
          ownKeys = pair
        },
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
      store: federationStore(home.paths, systemClock.unixMs, (message) => federationLog.warn(message)),
      registry: registryPort(registry, {
        url: wanted.registryUrl,
        formerSecretKeys: () => home.formerPlatformSecrets,
      }),
      log: federationLog,
      sendRpcError: (platform, toIdentity, peer, id, { code: errno, text }) =>
        federation?.sendRpcError(platform, { id, toIdentity, peer, errno, text }),
    })
    const advertise = advertised(options.addresses.advertise, door.boundAddresses)
    return new Federation(
      {
        instanceName,
        advertiseAddress: wanted.dialOnly ? undefined : advertise,
        ownAddresses: [...addresses, ...(advertise === undefined ? [] : [advertise])],
        group: wanted.group,
        allow: wanted.allow,
        trust: wanted.trust,
      },
      ports,
    )
  }
}

/** What others are told; port 0 becomes the port that the system chose. */
function advertised(wanted: VipAddress | undefined, bound: readonly VipAddress[]): string | undefined {
  if (!wanted) return undefined
  if (wanted.scheme !== 'tcp' || wanted.port !== 0) return formatAddress(wanted)
  const listening = bound.find((address) => address.scheme === 'tcp')
  return formatAddress({ ...wanted, port: listening?.scheme === 'tcp' ? listening.port : 0 })
}

/**
 * A classic publisher hears which subscriber it is too fast for (VIP specification, section 5.4). One of ours does not: it
 * can do nothing about it, and the operator sees the drops.
 */
function tellPublisher(peers: PeerTable<Peer>, subscriber: Peer, identity: string | undefined): void {
  const publisher = identity === undefined ? undefined : peers.get(identity)
  if (publisher && publisher !== subscriber && asAgent(publisher)?.protocol === 'vip1') {
    bounce(publisher, VipErrno.again, { id: '' as never, recipient: subscriber.identity, subsystem: 'pubsub' })
  }
}

/** Fills the index and keeps it true while files come and go; a key that is gone is cut at once. */
async function loadCredentials(
  home: Home,
  credentials: Credentials,
  log: Logger,
  started: (() => Promise<void>)[],
  { onAdded, onRevoked }: { onAdded: () => void; onRevoked: (key: PublicKey) => void },
): Promise<void> {
  const scan = await home.credentialStore.load()
  for (const { message } of scan.problems) log.warn(message)
  for (const credential of scan.credentials) credentials.set(credential.identity, publicKeysOf(credential))
  const watch = home.credentialStore.watch(scan, ({ changed, removed, problems }) => {
    for (const { message } of problems) log.warn(message)
    for (const identity of removed) {
      log.info({ identity }, 'credentials-removed')
      for (const key of credentials.remove(identity)) onRevoked(key)
    }
    for (const credential of changed) {
      const before = credentials.keysOf(credential.identity)
      credentials.set(credential.identity, publicKeysOf(credential))
      for (const key of before) if (credentials.identityOf(key) === undefined) onRevoked(key)
    }
    if (changed.length > 0) onAdded()
  })
  started.push(() => watch.close())
}

async function openRules(
  home: Home,
  log: Logger,
  started: (() => Promise<void>)[],
): Promise<{ authorization: Authorization }> {
  const file = await openAuthzFile(home.paths.authz, ({ level, message }) => log[level](message))
  started.push(() => file.close())
  return file
}
