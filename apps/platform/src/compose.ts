/**
 * Puts a platform together: keys, rules, front door, federation, bus, services. Everything is made here and nowhere else, in
 * the order in which it needs each other, and stopped in reverse.
 */
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { openAuthzFile } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import type { Federation } from '@volttron/federation'
import { componentLogger, type Logger } from '@volttron/observe'
import { RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { FrontDoor, type FrontDoorLimits, hasAbstractSockets, Turn } from '@volttron/transport'
import { formatAddress, type VipAddress } from '@volttron/vip'
import { openAgents } from './agents-of-platform.ts'
import { assembleBus } from './assemble-bus.ts'
import { systemClock } from './clock.ts'
import { drain } from './drain.ts'
import { remotePlatforms } from './federation/remote-platforms.ts'
import { writeFirstConfig } from './home/first-config.ts'
import type { Home } from './home/home.ts'
import { KeyApprovals } from './key-approvals.ts'
import { KeyRing } from './key-ring.ts'
import { openLocalKeys } from './local-keys.ts'
import type { LimitOptions, PlatformOptions } from './options/platform-options.ts'
import { PlatformKey } from './platform-key.ts'
import { asAgent, type Bus } from './router/bus.ts'
import type { PeerSession, RouteName, Topic } from './router/names.ts'
import type { Peer } from './router/peer.ts'
import { addServices } from './services/services.ts'
import { openWay } from './supervisor/agent-user.ts'

export interface Platform {
  readonly instanceName: string
  /** Every address with the port it really has, the local socket last. */
  readonly addresses: readonly string[]
  /** Stops in reverse order of the start. Idempotent. */
  stop(): Promise<void>
}

export interface PlatformSurroundings {
  readonly home: Home
  readonly version: string
  readonly log: Logger
  /** An operator asked the platform to stop. */
  readonly onQuit: () => void
}

/** After the queues are empty, the sockets get at most so long for their last bytes. */
const LAST_BYTES_MS = 1_000

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
    return { ...(await compose(options, surroundings, (end) => started.push(end))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param onStop registers what ends a part that has been started */
async function compose(
  options: PlatformOptions,
  { home, version, log, onQuit }: PlatformSurroundings,
  onStop: (end: () => Promise<void>) => void,
): Promise<Omit<Platform, 'stop'>> {
  const { instanceName, limits } = options
  const startedAtMs = systemClock.monotonicMs()
  const routerLog = componentLogger(log, 'router')

  // Its agents can enter the home then: whatever is written there from now on is for nobody else to read.
  if (options.agents.user !== undefined) process.umask(0o077)
  const platformKey = await PlatformKey.open(home)
  // First of all: an agent that outlived an earlier run must not meet this one.
  const agents = await openAgents({
    home,
    options,
    editRules: (change) => rules.edit(change),
    view: () => ({ instanceName, address: addresses.at(-1)!, serverKey: platformKey.publicKey }),
    log: componentLogger(log, 'agents'),
  })
  // When the start fails further down; a running platform stops them before anything else.
  onStop(() => agents.close())
  // The door opens first, because only then the ports are known; nobody is judged before the rest is there.
  let openForBusiness = () => {}
  const ready = new Promise<void>((resolve) => {
    openForBusiness = resolve
  })
  const door = await FrontDoor.listen({
    addresses: [...options.addresses.listen, options.addresses.local],
    extraAddresses: await pythonAddresses(options),
    serverKeys: platformKey,
    admit: async (key, remote) => {
      await ready
      return keyRing.admit(key, remote)
    },
    onConnection: (connection) => reception.receive(connection),
    limits: doorLimits(limits),
    log: componentLogger(log, 'front-door'),
  })
  onStop(() => door.close(LAST_BYTES_MS))
  const addresses = door.boundAddresses.map(formatAddress)
  if (options.agents.user !== undefined) await openWay(home.paths, options.addresses.local.path)

  // Who may come in, and what they may do.
  let approvals: KeyApprovals | undefined
  const localKeys = await openLocalKeys(home, routerLog, {
    onAdded(keys) {
      for (const key of keys) approvals?.isKnownNow(key)
      door.refreshAdmissions()
    },
    onRevoked(key) {
      approvals?.revoked(key)
      door.closeByKey(key, 'the key was revoked')
    },
  })
  onStop(() => localKeys.close())
  const rules = await openAuthzFile(home.paths.authz, ({ level, message }) => routerLog[level](message))
  onStop(() => rules.close())
  await agents.finishEarlierRun()
  const keyApprovals = await KeyApprovals.open(
    {
      path: home.paths.keyApprovals,
      localKeys,
      isNamedByRules: (identity) => rules.authorization.isNamed(identity),
      cut: (key, reason) => door.closeByKey(key, reason),
      log: componentLogger(log, 'keys'),
      now: systemClock.monotonicMs,
    },
    systemClock.unixMs(),
  )
  approvals = keyApprovals
  const keyRing = new KeyRing({
    credentials: localKeys.credentials,
    approvals: keyApprovals,
    onUnknownKey: () => federated?.federation.onUnknownKey(),
  })

  const turn = new Turn()
  const subscriptions = new SubscriptionTable<Peer>({ maxPerSubscriber: MAX_SUBSCRIPTIONS })
  const federated =
    options.federation &&
    // Loaded only when wanted: with the registry's client and its shapes it weighs some megabytes.
    (await import('./federation/assemble-federation.ts')).assembleFederation({
      options,
      wanted: options.federation,
      home,
      door,
      keyRing,
      platformKey,
      turn,
      subscriptions,
      bus: () => bus,
      log: componentLogger(log, 'federation'),
    })
  if (federated) onStop(() => federated.close())
  const federation = federated?.federation

  const { bus, router, reception } = assembleBus({
    instanceName,
    epoch: federation?.epoch ?? 0,
    authority: rules.authorization,
    subscriptions,
    remoteInterest: federation?.remoteInterest ?? new RemoteInterest<PeerSession>(),
    platforms: remotePlatforms(federation),
    facts: {
      addresses: addresses.slice(0, -1),
      localAddress: addresses.at(-1)!,
      get publicKey() {
        return platformKey.publicKey
      },
      version,
      agentMonitorFrequencyS: options.agentMonitorFrequencyS,
    },
    limits,
    turn,
    holderOf: (key, claimed) => keyRing.holderOf(key, claimed),
    sessions: {
      acceptClassic(platform, connection) {
        const visit = federation?.acceptClassic(platform, connection)
        if (!visit) return undefined
        return { onMessage: (frames) => visit.onMessage(frames), onClose: () => visit.onConnectionClosed() }
      },
      accept(platform, connection, hello, nonce) {
        const session = federation?.accept(platform, connection, hello, nonce)
        if (!session) return undefined
        return {
          onMessage: (frames) => session.onMessage(frames),
          onClose: (reason) => session.onConnectionClosed(reason),
        }
      },
    },
    log: (event, fields) => routerLog.info(fields, event),
    onQuit,
  })
  const servicesLog = componentLogger(log, 'services')
  addServices({
    bus,
    router,
    federation,
    agents,
    platformKey,
    rules,
    localKeys,
    approvals: keyApprovals,
    log: (event, fields) => servicesLog.info(fields, event),
    startedAtMs,
    doorCounters: () => door.counters,
    configurationStore: home.paths.configurationStore,
    logger: log,
    onQuit,
  })

  await replaceFile(join(home.paths.run, 'addresses.json'), `${JSON.stringify({ addresses })}\n`)
  await writeFirstConfig(home.paths.config, options)
  openForBusiness()
  if (federation) {
    onStop(() => federation.stop())
    await federation.start()
  }
  onStop(() => drain(() => queuedBytes(bus, federation)))
  onStop(() => agents.close())
  if (options.agents.autostart) await agents.startEnabled()
  return { instanceName, addresses }
}

/** Where Python agents look for a platform whose `config` names no address. */
async function pythonAddresses({ home }: PlatformOptions): Promise<VipAddress[]> {
  if (!hasAbstractSockets) return []
  // Python follows links before it makes the name.
  return [{ scheme: 'ipc', path: `@${await realpath(home)}/run/vip.socket` }]
}

/** What waits for agents and other platforms, all in all. */
function queuedBytes({ peers }: Bus, federation: Federation<Topic, RouteName> | undefined): number {
  let bytes = 0
  for (const peer of peers.values()) bytes += asAgent(peer)?.queuedBytes ?? 0
  for (const row of federation?.statusRows() ?? []) bytes += row.queued_bytes
  return bytes
}

const doorLimits = (limits: LimitOptions): Partial<FrontDoorLimits> => ({
  messageBytes: limits.maxMessageBytes,
  unauthenticated: limits.maxUnauthenticated,
  unauthenticatedPerAddress: limits.maxUnauthenticatedPerAddress,
  authenticateMs: limits.handshakeTimeMs,
  handshakes: limits.maxHandshakes,
  heartbeatIntervalMs: limits.heartbeatIntervalMs,
  heartbeatTimeoutMs: limits.heartbeatTimeoutMs,
})
