/**
 * The federation of one platform: finds the others through the registry, keeps one session with each, tells them what our
 * agents want, and hands what arrives to the bus. Pure: whatever touches the world comes in through the ports.
 *
 *     registry ---> RegistryFollower ---> PeerBook ---> RemotePlatform (one each) ---> Session
 *     front door ------------------------- accept() --------^                            |
 *     router  <-------------------- records, calls ---------------------------------------'
 *     router  --- remoteInterest.match(topic) ---> session.publish(...)
 */
import { RemoteInterest } from '@volttron/pubsub'
import type { Connection } from '@volttron/transport'
import {
  dialOnlyAddress,
  type HelloCapabilities,
  type KeyPair,
  type PublicKey,
  parsePublicKey,
  VolttronError,
} from '@volttron/vip'
import { ClassicForm } from './classic-form.ts'
import type { ClassicVisit } from './classic-visit.ts'
import type { RpcErrorMessage, RpcMessage } from './control-message.ts'
import { describeState, type RememberedPlatform } from './federation-file.ts'
import { InterestCollector } from './interest-collector.ts'
import { MAX_INTEREST } from './interest-exchange.ts'
import { isRecord, type KnownPlatform } from './known-platform.ts'
import { type ListReading, PeerBook } from './peer-book.ts'
import type { PlatformLink } from './platform-link.ts'
import type { FederationPorts, RegisterOutcome, RegistryEntry } from './ports.ts'
import { RegistryFollower, type RegistryStatus, RegistryTimes } from './registry-follower.ts'
import { RemotePlatform, type Self } from './remote-platform.ts'
import { type Session, SessionLimits, type SessionSurroundings } from './session.ts'
import { type SendError, sendOnSession } from './session-calls.ts'
import { HEARTBEAT_SAVE_MS, StateKeeper } from './state-keeper.ts'
import { type StatusRow, statusRow } from './status.ts'

export interface FederationOptions {
  readonly instanceName: string
  /** What others dial, `tcp://host:port`; absent: a dial-only site, which dials and is never dialled. */
  readonly advertiseAddress: string | undefined
  /** Every address under which we could be listed by mistake. */
  readonly ownAddresses: readonly string[]
  /** Federate with this group only; absent: registered as `default`, federates with all. */
  readonly group?: string | undefined
  /** Federate with these platforms only; absent: with all. */
  readonly allow?: readonly string[] | undefined
  readonly trust: 'registry' | 'listed'
  /** Platforms known beforehand, with their keys. */
  readonly listed?: readonly KnownPlatform[]
  /** Most bytes that wait for one platform; default 16 MiB. */
  readonly queueBytes?: number
}

export class Federation<T, R> {
  /** Who wants what: the router matches topics here and publishes on the links it gets. */
  readonly remoteInterest: RemoteInterest<PlatformLink>
  /** Names this run of the platform in the routes of its records. */
  readonly epoch: number
  readonly #options: FederationOptions
  readonly #ports: FederationPorts<T, R>
  readonly #self: Self
  readonly #book: PeerBook
  readonly #platforms = new Map<string, RemotePlatform<T, R>>()
  readonly #follower: RegistryFollower | undefined
  readonly #surroundings: SessionSurroundings<T, R>
  readonly #collector: InterestCollector
  #stopListening: () => void = () => {}
  /** Of interest that is gone. */
  #cancelClearing: () => void = () => {}
  readonly #keeper: StateKeeper
  /** New pairs of ours that the registry may or may not have taken. */
  #prepared: KeyPair[] = []
  #isRunning = false

  constructor(options: FederationOptions, ports: FederationPorts<T, R>) {
    this.#options = options
    this.#ports = ports
    const { random, clock, turn } = ports
    this.epoch = Math.floor(random() * Number.MAX_SAFE_INTEGER)
    // Grows with the wall clock, so a later start is told from an earlier one; the last digits tell two copies apart.
    const boot = Math.floor(clock.unixMs()) * 1_000 + Math.floor(random() * 1_000)
    this.#self = { instance: options.instanceName, group: options.group ?? 'default', boot, epoch: this.epoch }
    const { instanceName: ownName, ownAddresses, group: onlyGroup, allow, trust, listed } = options
    this.#book = new PeerBook({ ownName, ownAddresses, onlyGroup, allow, trust, listed }, `${boot}`)
    this.remoteInterest = new RemoteInterest<PlatformLink>({
      maxPerPlatform: MAX_INTEREST,
      later: (work) => {
        this.#cancelClearing = clock.setTimer(0, work)
      },
    })
    this.#surroundings = {
      ports,
      remoteInterest: this.remoteInterest,
      queueBytes: options.queueBytes ?? SessionLimits.queueBytes,
      ownName,
      classicForm: new ClassicForm(),
    }
    this.#collector = new InterestCollector(
      (work) => turn.schedule(work),
      (change) => {
        for (const platform of this.#platforms.values()) platform.announce(change)
      },
    )
    this.#keeper = new StateKeeper(ports, () => this.#describe())
    this.#follower = ports.registry && this.#makeFollower(ports.registry)
  }

  /** Takes up the last known platforms, dials them all, and begins to follow the registry. Never rejects. */
  async start(): Promise<void> {
    this.#isRunning = true
    this.#stopListening = this.#ports.bus.interest.onChange((change) => this.#collector.include(change))
    const former = await this.#keeper.load()
    if (!this.#isRunning) return
    const remembered = new Map(former.platforms.map((each) => [each.known.name, each]))
    this.#book.restore(
      former.platforms.map(({ known }) => known),
      former,
    )
    for (const known of this.#book.platforms()) this.#meet(known, remembered.get(known.name))
    this.#follower?.start()
    this.#keeper.saveSoon()
  }

  /** Says good-bye to all, writes the last state down. The registry keeps our entry: a restart is no leave. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.#stopListening()
    this.#follower?.stop()
    for (const platform of this.#platforms.values()) platform.stop('stopping')
    this.#cancelClearing()
    await this.#keeper.stop()
  }

  /** Takes our entry out of the registry, for good. */
  async leave(): Promise<{ readonly outcome: string; readonly message?: string }> {
    const { registry, keys, clock } = this.#ports
    if (!registry) return { outcome: 'removed' }
    this.#follower?.stop()
    const controller = new AbortController()
    const cancel = clock.setTimer(RegistryTimes.answerMs, () => controller.abort())
    try {
      return await registry.remove(this.#options.instanceName, keys.own(), controller.signal)
    } catch {
      return { outcome: 'unreachable', message: 'the registry did not answer in time' }
    } finally {
      cancel()
    }
  }

  /**
   * Takes over a connection that the front door attributed to `platform` and whose hello the router has answered. The
   * router hands every further message and the end of the connection to what is returned.
   *
   * @param nonce as in the welcome
   * @returns `undefined` when the platform is not known (any more): close the connection
   */
  accept(platform: string, connection: Connection, hello: HelloCapabilities, nonce: number): Session<T, R> | undefined {
    const known = this.#platforms.get(platform)
    if (!this.#isRunning || !known || known.known.key !== connection.publicKey) return undefined
    return known.accept(connection, hello, nonce)
  }

  /**
   * Takes over a connection of `platform` that begins with a message of VIP1 between platforms, as Python ones do. The
   * router hands every message, that one included, and the end of the connection to what is returned.
   *
   * @returns `undefined` when it is not wanted: close the connection
   */
  acceptClassic(platform: string, connection: Connection): ClassicVisit<T, R> | undefined {
    const known = this.#platforms.get(platform)
    if (!this.#isRunning || !known || known.known.key !== connection.publicKey) return undefined
    return known.acceptClassic(connection)
  }

  /** A key that nobody here knows knocked at the front door: ask the registry now (rate-limited). */
  onUnknownKey(): void {
    this.#follower?.askAgain()
  }

  /**
   * Sends a call to an identity on another platform. The frames are copied.
   *
   * @param id names the call on the session; its answer carries it
   * @returns why it could not leave; `undefined` when it did
   */
  sendRpc(
    platform: string,
    toIdentity: string,
    fromIdentity: string,
    id: Uint8Array,
    frames: readonly Uint8Array[],
  ): SendError | undefined {
    return this.#send(platform, { op: 'rpc', id, to: toIdentity, from: fromIdentity, frames })
  }

  /** Sends the answer to a call of `toIdentity`; as {@link sendRpc}. */
  sendRpcAnswer(
    platform: string,
    toIdentity: string,
    fromIdentity: string,
    id: Uint8Array,
    frames: readonly Uint8Array[],
  ): SendError | undefined {
    return this.#send(platform, { op: 'answer', id, to: toIdentity, from: fromIdentity, frames })
  }

  #send(platform: string, message: RpcMessage | RpcErrorMessage): SendError | undefined {
    return sendOnSession(platform, this.#platforms.get(platform), message)
  }

  /** Tells the caller on another platform that its call could not be delivered here. */
  sendRpcError(
    platform: string,
    error: { id: Uint8Array; toIdentity: string; peer: string; errno: number; text: string },
  ): SendError | undefined {
    const { id, toIdentity: to, peer, errno, text } = error
    return this.#send(platform, { op: 'error', id, to, peer, errno, text: text.slice(0, 500) })
  }

  /** The running session of ours with a platform; none with one that speaks VIP1. */
  session(platform: string): Session<T, R> | undefined {
    return this.#platforms.get(platform)?.session
  }

  /** One row per known platform, also those that are down, by name. */
  statusRows(): StatusRow[] {
    const weAreDialOnly = this.#options.advertiseAddress === undefined
    const interestOut = this.#ports.bus.interest.prefixes().length
    const rows = [...this.#platforms.values()].map((platform) => {
      const interestIn = platform.link ? this.remoteInterest.count(platform.link) : 0
      return statusRow(platform, { weAreDialOnly, interestIn, interestOut })
    })
    return rows.sort((one, other) => (one.platform < other.platform ? -1 : 1))
  }

  /** `undefined` when no registry is configured. */
  registryStatus(): RegistryStatus | undefined {
    return this.#follower?.status
  }

  /**
   * Trusts the key that the registry names for the platform. Takes a platform back that was removed.
   *
   * @throws VolttronError `not-found` when there is no such platform, or nothing to accept
   */
  acceptKey(name: string): void {
    if (this.#book.readmit(name)) return this.#follower?.refresh()
    const wasKnown = this.#book.get(name) !== undefined
    const accepted = this.#book.accept(name)
    if (accepted) {
      this.#ports.log.info({ platform: name }, 'key-accepted')
      this.#apply(accepted)
      return this.#keeper.saveSoon()
    }
    throw wasKnown
      ? new VolttronError('not-found', `there is no new key of ${name} to accept`)
      : new VolttronError('not-found', `no platform named ${name} is known`, { hint: 'see: vctl federation status' })
  }

  /**
   * Closes the session, revokes the key, and keeps the platform out until it leaves the registry or is accepted again.
   *
   * @throws VolttronError `not-found`
   */
  removePeer(name: string): void {
    if (!this.#book.remove(name)) throw new VolttronError('not-found', `no platform named ${name} is known`)
    this.#part(name)
    this.#keeper.saveSoon()
  }

  /**
   * Replaces our own key: registers the new one with the old as proof, then uses it. Store the pair where
   * `KeyPorts.prepared` finds it before you call this.
   *
   * @returns what the registry said. Unless that is `registered`, the old key stays in use; after `unreachable` the new
   *   one may still come into use, as soon as the registry shows that it has it
   */
  async rotateKey(pair: KeyPair): Promise<RegisterOutcome> {
    const { keys, log } = this.#ports
    const use = () => {
      keys.useOwn(pair)
      log.info({}, 'own-key-rotated')
    }
    if (!this.#follower) {
      use()
      return { outcome: 'registered' }
    }
    const outcome = await this.#follower.change(this.#ownEntry(pair.publicKey), keys.own(), use)
    if (outcome.outcome === 'unreachable') this.#prepared.push(pair)
    if (outcome.outcome === 'registered') this.#follower.refresh()
    return outcome
  }

  #makeFollower(registry: NonNullable<FederationPorts<T, R>['registry']>): RegistryFollower {
    const { clock, random, log, keys } = this.#ports
    return new RegistryFollower({
      registry,
      clock,
      random,
      log,
      entry: () => this.#ownEntry(keys.own().publicKey),
      keys: () => keys.own(),
      onList: (platforms, isComplete) => this.#readList(platforms, isComplete),
    })
  }

  #describe(): ReturnType<typeof describeState> {
    const current = [...this.#platforms.values()].map(({ known, link, lastHeartbeat, hadSession }) => ({
      known,
      connected: link !== undefined,
      lastHeartbeat,
      hadSession,
    }))
    const { generation } = this.#book
    return describeState(current, {
      registryUrl: this.#ports.registry?.url,
      generation,
      removed: this.#book.removedNames(),
    })
  }

  #ownEntry(key: PublicKey): RegistryEntry {
    const { instanceName: id, advertiseAddress } = this.#options
    return {
      id,
      address: advertiseAddress ?? dialOnlyAddress(id),
      public_credentials: key,
      group: this.#self.group,
      dial_only: advertiseAddress === undefined,
    }
  }

  #readList(platforms: readonly unknown[], isComplete: boolean): ListReading {
    this.#finishRotation(platforms)
    const key = this.#ports.keys.own().publicKey
    const { address, group, dial_only: dialOnly } = this.#ownEntry(key)
    const reading = this.#book.read(platforms, { address, group, dialOnly, key }, isComplete)
    for (const { kind, platform } of reading.changes) {
      if (kind === 'removed') this.#part(platform.name)
      else this.#apply(platform)
    }
    if (reading.changes.length > 0) this.#keeper.saveSoon()
    return reading
  }

  /** A rotation whose answer was lost: the registry shows that it took the new key. */
  #finishRotation(platforms: readonly unknown[]): void {
    const { keys, log } = this.#ports
    const prepared = [...this.#prepared, ...(keys.prepared?.() ?? [])]
    if (prepared.length === 0) return
    const own = platforms.find((entry) => isRecord(entry) && entry.id === this.#options.instanceName)
    const listed = isRecord(own) && parsePublicKey(String(own.public_credentials))
    const pair = prepared.find(({ publicKey }) => publicKey === listed)
    if (!pair || keys.own().publicKey === listed) return
    this.#prepared = []
    keys.useOwn(pair)
    log.info({}, 'own-key-rotated')
  }

  #apply(known: KnownPlatform): void {
    const platform = this.#platforms.get(known.name)
    if (!platform) return this.#meet(known)
    const before = platform.known
    if (known.key !== undefined && known.key !== before.key) this.#ports.keys.trust(known.name, known.key)
    if (known.candidate !== undefined && known.candidate !== before.candidate)
      this.#ports.log.warn({ platform: known.name }, 'key-changed')
    platform.update(known)
  }

  #meet(known: KnownPlatform, former?: RememberedPlatform): void {
    const platform = new RemotePlatform<T, R>(known, former?.lastHeartbeat ?? null, {
      self: this.#self,
      surroundings: this.#surroundings,
      hadSession: former?.hadSession ?? false,
      groupProblem: (group) => this.#groupProblem(known.name, group),
      beforeSession: () => this.#collector.flush(),
      onChange: () => this.#keeper.saveSoon(),
      onHeartbeat: () => this.#keeper.saveSoon(HEARTBEAT_SAVE_MS),
    })
    this.#platforms.set(known.name, platform)
    if (known.key !== undefined) this.#ports.keys.trust(known.name, known.key)
    this.#ports.log.info({ platform: known.name, address: known.address, source: known.source }, 'platform-known')
    platform.start()
  }

  #part(name: string): void {
    const platform = this.#platforms.get(name)
    if (!platform) return
    this.#platforms.delete(name)
    platform.stop('removed')
    this.#ports.keys.revoke(name)
    this.#ports.log.info({ platform: name }, 'platform-removed')
  }

  #groupProblem(name: string, group: string): string | undefined {
    const { group: own } = this.#options
    return own === undefined || group === own ? undefined : `${name} belongs to another group than ${own}`
  }
}
