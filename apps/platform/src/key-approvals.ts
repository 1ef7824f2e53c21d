/**
 * Unknown keys at the front door, and what the operator decides about them; decisions outlive the process, in
 * `key_approvals.json`.
 *
 * What is approved is a key. While it waits nothing else about its holder is certain: libzmq tells no name before a key is
 * admitted. So the operator gives the identity, or leaves it to the holder, who then keeps the one it connects with first:
 * one that is free, and that no rule grants anything.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  type ApprovedKey,
  authzIdentityProblem,
  type KeyDecisions,
  type KeyRequest,
  KeyRequests,
  type KeyRequestStatus,
} from '@volttron/auth'
import type { Logger } from '@volttron/observe'
import { networkOf } from '@volttron/transport'
import {
  describeError,
  identityProblem,
  isReservedIdentity,
  type PublicKey,
  parsePublicKey,
  VolttronError,
} from '@volttron/vip'
import { JsonFile, readJsonFile, setAsideFile, UnusableFile } from './home/json-file.ts'
import type { LocalKeys } from './local-keys.ts'
import { PeerLog } from './router/peer-log.ts'

const VERSION = 1

export interface KeyApprovalsPorts {
  readonly path: string
  readonly localKeys: Pick<LocalKeys, 'credentials' | 'isTaken' | 'create' | 'remove'>
  /** Some rule is, or may be, written for this identity. */
  readonly isNamedByRules: (identity: string) => boolean
  /** Cuts the connections of a key, so that its holder redials and is judged anew. */
  readonly cut: (key: PublicKey, reason: string) => void
  readonly log: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class KeyApprovals {
  readonly #ports: KeyApprovalsPorts
  readonly #requests: KeyRequests
  readonly #file: JsonFile<object>
  /** Strangers do not fill a log. */
  readonly #knocks: PeerLog

  private constructor(ports: KeyApprovalsPorts, decided: KeyDecisions | undefined) {
    this.#ports = ports
    this.#requests = new KeyRequests({ newId: randomUUID, networkOf }, decided)
    this.#file = new JsonFile(ports.path)
    this.#knocks = new PeerLog({ now: ports.now, log: (event, fields) => ports.log.info(fields, event) })
  }

  /** @param nowMs wall clock, for the name of a file that cannot be used */
  static async open(ports: KeyApprovalsPorts, nowMs: number): Promise<KeyApprovals> {
    const { value, message } = await readJsonFile(ports.path, readDecisions, nowMs)
    if (message !== undefined) {
      ports.log.warn(message)
      // One that cannot even be read is still in its place, where the next decision would overwrite it.
      if (existsSync(ports.path)) ports.log.warn(await setAsideFile(ports.path, 'it cannot be read', nowMs))
    }
    return new KeyApprovals(ports, value)
  }

  get pending(): readonly KeyRequest[] {
    return this.#requests.pending
  }

  get approved(): readonly ApprovedKey[] {
    return this.#requests.approved
  }

  get denied(): readonly KeyRequest[] {
    return this.#requests.denied
  }

  find(userId: string): (KeyRequest & { readonly status: KeyRequestStatus }) | undefined {
    return this.#requests.find(userId)
  }

  isDenied(key: PublicKey): boolean {
    return this.#requests.isDenied(key)
  }

  /** Approved, but its holder has not named itself yet. */
  isUnnamed(key: PublicKey): boolean {
    return this.#requests.approvalOf(key)?.identity === null
  }

  /** @param remote as the front door shows it */
  knock(key: PublicKey, remote: string): void {
    const address = remote.replace(/^\[(.*)\]:\d+$|^([^/:]*):\d+$/, '$1$2')
    const isNew = this.#requests.knock(key, address)
    if (isNew) this.#knocks.add(networkOf(address), 'unknown-key-waits-for-approval', { key, address })
  }

  /** The key turned out to be another platform's, or somebody has given it credentials. */
  isKnownNow(key: PublicKey): void {
    this.#requests.forgetPending(key)
  }

  /** The credentials of a key are gone: what was approved does not count any more. */
  revoked(key: PublicKey): void {
    if (typeof this.#requests.approvalOf(key)?.identity !== 'string') return
    this.#requests.forget(key)
    this.#save().catch((error: unknown) => this.#ports.log.warn(describeError(error)))
  }

  /**
   * Lets the key of a request in.
   *
   * @param identity default: the one its holder connects with first
   * @throws VolttronError `not-found`, `usage` when the identity is not to be had
   */
  async approve(userId: string, identity: string | null): Promise<void> {
    const request = this.#require(userId)
    const key = request.credentials
    if (identity !== null) {
      const problem = this.#problemOf(identity)
      if (problem)
        throw new VolttronError('usage', `'${identity.slice(0, 100)}' cannot be given to the key: ${problem}`)
      if (this.#ports.localKeys.credentials.identityOf(key) !== undefined) {
        throw new VolttronError('usage', 'the key has an identity already')
      }
      await this.#ports.localKeys.create(identity, { publicKey: key, secretKey: undefined })
    }
    // What has a name keeps it: otherwise the key could take another one when its credentials are removed.
    this.#requests.approve(request, identity ?? this.#ports.localKeys.credentials.identityOf(key) ?? null)
    // New credentials bring in everybody who waits by themselves.
    if (identity === null) this.#ports.cut(key, 'the key was approved')
    this.#ports.log.info({ key, identity }, 'key-approved')
    await this.#save()
  }

  /** Keeps the key of a request out, also one that was approved. @throws VolttronError `not-found` */
  async deny(userId: string): Promise<void> {
    const request = this.#require(userId)
    const key = request.credentials
    const identity = this.#requests.approvalOf(key)?.identity
    this.#requests.deny(request)
    // First out, then on the disk, which may be full.
    this.#ports.cut(key, 'the key was denied')
    this.#ports.log.info({ key }, 'key-denied')
    try {
      await this.#takeAway(key, identity)
    } finally {
      await this.#save()
    }
  }

  /** The key is unknown again. @throws VolttronError `not-found` */
  async forget(userId: string): Promise<void> {
    const { credentials: key } = this.#require(userId)
    const identity = this.#requests.approvalOf(key)?.identity
    await this.#takeAway(key, identity)
    this.#requests.forget(key)
    this.#ports.cut(key, 'the key is unknown again')
    this.#ports.log.info({ key }, 'key-forgotten')
    await this.#save()
  }

  /**
   * The holder of an approved key that has no name yet connects under one.
   *
   * @returns why it is not to be had; `undefined` when it is the key's from now on
   */
  claim(key: PublicKey, identity: string): string | undefined {
    const problem = this.#problemOf(identity) ?? this.#claimProblemOf(identity)
    if (problem) return `the approved key cannot have the identity ${identity.slice(0, 100)}: ${problem}`
    const { credentials, create } = this.#ports.localKeys
    credentials.set(identity, [key])
    const request = this.#requests.approvalOf(key)!
    this.#requests.approve(request, identity)
    this.#ports.log.info({ key, identity }, 'approved-key-named')
    create(identity, { publicKey: key, secretKey: undefined })
      .then(() => this.#save())
      .catch((error: unknown) => this.#ports.log.warn(describeError(error)))
    return undefined
  }

  #problemOf(identity: string): string | undefined {
    const problem = identityProblem(identity) ?? authzIdentityProblem(identity)
    if (problem) return problem
    if (isReservedIdentity(identity)) return 'it belongs to the platform'
    return this.#ports.localKeys.isTaken(identity) ? 'it belongs to another key' : undefined
  }

  /** What nobody takes by himself: a name that others trust. */
  #claimProblemOf(identity: string): string | undefined {
    if (identity.startsWith('platform.'))
      return 'others take it for a part of the platform, so the operator must give it'
    if (this.#ports.isNamedByRules(identity)) return 'rules are written for it, so the operator must give it'
    return undefined
  }

  async #takeAway(key: PublicKey, identity: string | null | undefined): Promise<void> {
    const { credentials, remove } = this.#ports.localKeys
    if (typeof identity !== 'string' || credentials.identityOf(key) !== identity) return
    await remove(identity).catch((error: unknown) => {
      if (!(error instanceof VolttronError) || error.code !== 'not-found') throw error
      // It was never written: the disk was full when its holder named itself.
      credentials.remove(identity)
    })
  }

  #require(userId: string): KeyRequest & { readonly status: KeyRequestStatus } {
    const request = this.#requests.find(userId)
    if (request) return request
    throw new VolttronError('not-found', `there is no request '${userId.slice(0, 100)}' of a key`)
  }

  #save(): Promise<void> {
    return this.#file.save({ version: VERSION, ...this.#requests.decisions })
  }
}

function readDecisions(json: unknown): KeyDecisions {
  const { version, approved, denied } = Object(json) as Record<string, unknown>
  if (typeof version === 'number' && version > VERSION) {
    throw new UnusableFile(`it was written by a newer version (format ${version})`, 'newer')
  }
  if (version !== VERSION || !Array.isArray(approved) || !Array.isArray(denied)) {
    throw new UnusableFile('it holds no decisions about keys')
  }
  const identityOf = ({ identity }: Record<string, unknown>) => (typeof identity === 'string' ? identity : null)
  return {
    approved: approved.map((item) => ({ ...readRequest(item), identity: identityOf(Object(item)) })),
    denied: denied.map(readRequest),
  }
}

function readRequest(item: unknown): KeyRequest {
  const { domain, address, credentials, user_id, retries } = Object(item) as Record<string, unknown>
  const key = typeof credentials === 'string' ? parsePublicKey(credentials) : undefined
  if (!key || typeof user_id !== 'string') throw new UnusableFile('a key in it is no key')
  const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
  return {
    domain: textOf(domain),
    address: textOf(address),
    mechanism: 'CURVE',
    credentials: key,
    user_id,
    retries: typeof retries === 'number' ? retries : 0,
  }
}
