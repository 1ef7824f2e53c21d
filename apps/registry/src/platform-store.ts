/**
 * The registered platforms.
 *
 * Every write runs in a transaction whose first statement increments the revision row. That row is the lock: writes of all
 * processes on the database follow one another, so a decision made inside is never overtaken, and the revision a client
 * saw says exactly whether something changed since.
 */
import type {
  Challenge,
  ChallengeMethod,
  PlatformDetails,
  PreviousKey,
  Proven,
  Registration,
} from '@volttron/contracts'
import type { Logger } from '@volttron/observe'
import { instanceNameProblem } from '@volttron/vip'
import type { Client, TransactionClient } from './database/client.ts'
import type { Database } from './database/database.ts'
import { type Decision, decideChange, type Stored } from './decide-change.ts'
import type { Platform as PlatformRow } from './generated/sqlite/client.ts'
import { type ChallengeSubject, challengeExpiry, isProofValid, makeChallenge, type Proof } from './key-challenge.ts'
import { LastSeen } from './last-seen.ts'
import { timestamp } from './timestamp.ts'

/** Keys of an entry that are remembered after they were replaced. */
const MAX_PREVIOUS_KEYS = 16

/** What a request brought to show that it may change an entry. */
export interface Credentials {
  /** The registration password was given and is right. */
  readonly password: boolean
  readonly proof?: Proof | undefined
}

type Refusal = Extract<Decision, { kind: 'denied' | 'duplicate' | 'not-found' }>
export type ChangeOutcome =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly platform: PlatformDetails }
  | Refusal
/** What a write came to; somebody else may have stored the same data in the meantime. */
type Written =
  | { readonly kind: 'created' | 'updated'; readonly platform: PlatformDetails }
  | { readonly kind: 'unchanged' }
  | Refusal

/** The list at one revision. */
export interface Listing {
  readonly revision: string
  readonly platforms: readonly PlatformDetails[]
}

/** The database, inside a transaction or not. Inside one, nothing may ask outside of it: SQLite has one connection. */
type Reader = Pick<TransactionClient, 'platform' | 'usedChallenge'>

export class PlatformStore {
  readonly #client: Client
  readonly #lastSeen: LastSeen
  readonly #onChange: () => void
  readonly #epoch: string
  readonly #secret: string
  #listing: Listing | undefined

  private constructor(client: Client, lastSeen: LastSeen, origin: { epoch: string; secret: string; onChange(): void }) {
    this.#client = client
    this.#lastSeen = lastSeen
    this.#epoch = origin.epoch
    this.#secret = origin.secret
    this.#onChange = origin.onChange
  }

  /** @param onChange called after each write of this process */
  static async open(database: Database, logger: Logger, onChange: () => void): Promise<PlatformStore> {
    const { epoch, secret } = await database.client.revision.findUniqueOrThrow({ where: { id: 1 } })
    return new PlatformStore(database.client, new LastSeen(database.client, logger), { epoch, secret, onChange })
  }

  /** The state of the list, as an opaque token. */
  async revision(): Promise<string> {
    const { value } = await this.#client.revision.findUniqueOrThrow({ where: { id: 1 } })
    return `${this.#epoch}-${value}`
  }

  /** All platforms in the order of their registration; read from the database only when the revision moved. */
  async list(): Promise<Listing> {
    const revision = await this.revision()
    if (this.#listing?.revision !== revision) {
      const rows = await this.#client.platform.findMany({ orderBy: { createdRevision: 'asc' } })
      this.#listing = { revision, platforms: rows.map(detailsOf) }
    }
    return this.#listing
  }

  /** As {@link list}, with the time each platform was last seen by any process on the database. */
  async listDetails(): Promise<Listing> {
    const revision = await this.revision()
    const rows = await this.#client.platform.findMany({ orderBy: { createdRevision: 'asc' } })
    return { revision, platforms: rows.map((row) => this.#withLastSeen(row)) }
  }

  async get(id: string): Promise<PlatformDetails | undefined> {
    const row = await find(this.#client, id)
    return row ? this.#withLastSeen(row) : undefined
  }

  /** True when the text is the public credential of a registered platform. */
  async hasCredentials(publicCredentials: string): Promise<boolean> {
    return (await this.#client.platform.findUnique({ where: { publicCredentials } })) !== null
  }

  /** Registers a platform (POST only) or changes its entry. */
  async put(method: 'POST' | 'PUT', wanted: Registration, credentials: Credentials): Promise<ChangeOutcome> {
    const stored = await this.#stored(this.#client, wanted)
    const voucher = await this.#voucher(
      this.#client,
      { method, current: stored.current, platform: wanted },
      credentials,
    )
    const decision = decideChange(method, stored, wanted, voucher)
    const outcome =
      decision.kind === 'create' || decision.kind === 'update'
        ? await this.#write((transaction, revision) =>
            this.#change(transaction, revision, { method, wanted, credentials }),
          )
        : decision
    return outcome.kind === 'unchanged' ? { kind: 'unchanged', platform: await this.#seen(wanted.id) } : outcome
  }

  /** Removes an entry. `operator` is somebody at the database's host, who needs no proof. */
  async remove(id: string, credentials: Credentials | 'operator'): Promise<'removed' | 'denied' | 'not-found'> {
    const vouch = async (client: Reader): Promise<Proven | 'operator' | 'not-found'> => {
      const row = await find(client, id)
      if (row === null) return 'not-found'
      if (credentials === 'operator') return 'operator'
      return this.#voucher(client, { method: 'DELETE', current: detailsOf(row), platform: undefined }, credentials)
    }
    const first = await vouch(this.#client)
    if (first === 'not-found') return first
    if (first === 'none') return 'denied'
    return await this.#write(async (transaction) => {
      const voucher = await vouch(transaction)
      if (voucher === 'not-found') return voucher
      if (voucher === 'none') return 'denied'
      if (credentials !== 'operator') await this.#spend(transaction, voucher, credentials)
      await transaction.platform.delete({ where: { id } })
      return 'removed'
    })
  }

  /** A challenge for the holder of the registered key. */
  async challenge(
    id: string,
    method: ChallengeMethod,
    platform?: Registration,
  ): Promise<Challenge | 'not-found' | 'no-key'> {
    const row = await find(this.#client, id)
    if (row === null) return 'not-found'
    const subject: ChallengeSubject = { id, method, platform, registeredKey: row.publicCredentials }
    return makeChallenge(this.#secret, subject, Date.now()) ?? 'no-key'
  }

  /** Writes what is still in memory. */
  async close(): Promise<void> {
    await this.#lastSeen.flush()
  }

  async #write<T>(work: (transaction: TransactionClient, revision: bigint) => Promise<T>): Promise<T> {
    const result = await this.#client.$transaction(async (transaction) => {
      const { value } = await transaction.revision.update({ where: { id: 1 }, data: { value: { increment: 1 } } })
      return work(transaction, value)
    })
    this.#onChange()
    return result
  }

  async #change(
    transaction: TransactionClient,
    revision: bigint,
    { method, wanted, credentials }: { method: 'POST' | 'PUT'; wanted: Registration; credentials: Credentials },
  ): Promise<Written> {
    const stored = await this.#stored(transaction, wanted)
    const voucher = await this.#voucher(transaction, { method, current: stored.current, platform: wanted }, credentials)
    const decision = decideChange(method, stored, wanted, voucher)
    const now = timestamp()
    const data = {
      address: wanted.address,
      publicCredentials: wanted.public_credentials,
      group: wanted.group,
      dialOnly: wanted.dial_only,
      updatedAt: now,
      lastSeen: now,
    }
    if (decision.kind === 'create') {
      const origin = { id: wanted.id, createdAt: now, createdRevision: revision, proven: voucher, previousKeys: '[]' }
      return {
        kind: 'created',
        platform: detailsOf(await transaction.platform.create({ data: { ...data, ...origin } })),
      }
    }
    if (decision.kind !== 'update') return decision
    await this.#spend(transaction, voucher, credentials)
    const keys = stored.current && keysAfter(stored.current, wanted, voucher, now)
    const row = await transaction.platform.update({ where: { id: wanted.id }, data: { ...data, ...keys } })
    return { kind: 'updated', platform: detailsOf(row) }
  }

  async #stored(client: Reader, wanted: Registration): Promise<Stored & { current: PlatformDetails | undefined }> {
    const rows = await client.platform.findMany({
      where: { OR: [{ id: wanted.id }, { address: wanted.address }, { publicCredentials: wanted.public_credentials }] },
    })
    const current = rows.find((row) => row.id === wanted.id)
    return {
      current: current && detailsOf(current),
      addressOwner: rows.find((row) => row.address === wanted.address)?.id,
      credentialsOwner: rows.find((row) => row.publicCredentials === wanted.public_credentials)?.id,
    }
  }

  /** What vouches for a change: the proof if it holds and was not used, else the password. */
  async #voucher(
    client: Reader,
    {
      method,
      current,
      platform,
    }: { method: ChallengeMethod; current?: PlatformDetails | undefined; platform?: Registration | undefined },
    { password, proof }: Credentials,
  ): Promise<Proven> {
    if (current !== undefined && proof !== undefined) {
      const subject = { id: current.id, method, platform, registeredKey: current.public_credentials }
      const isValid = isProofValid(this.#secret, subject, proof, Date.now())
      if (isValid && (await client.usedChallenge.findUnique({ where: { id: proof.challengeId } })) === null)
        return 'old-key'
    }
    return password ? 'password' : 'none'
  }

  /** Marks the challenge of a proof that vouched as answered. Marks that expired go at the same time. */
  async #spend(transaction: TransactionClient, voucher: Proven | 'operator', { proof }: Credentials): Promise<void> {
    if (voucher !== 'old-key' || proof === undefined) return
    await transaction.usedChallenge.deleteMany({ where: { expiresAtMs: { lt: BigInt(Date.now()) } } })
    const expiresAtMs = BigInt(challengeExpiry(proof.challengeId))
    await transaction.usedChallenge.create({ data: { id: proof.challengeId, expiresAtMs } })
  }

  async #seen(id: string): Promise<PlatformDetails> {
    this.#lastSeen.note(id)
    const row = await this.#client.platform.findUniqueOrThrow({ where: { id } })
    return this.#withLastSeen(row)
  }

  #withLastSeen(row: PlatformRow): PlatformDetails {
    const details = detailsOf(row)
    return { ...details, last_seen: this.#lastSeen.of(row.id, row.lastSeen) }
  }
}

/** Text that is no legal id is not looked up: PostgreSQL fails on U+0000. */
const find = async (client: Reader, id: string): Promise<PlatformRow | null> =>
  instanceNameProblem(id) === undefined ? client.platform.findUnique({ where: { id } }) : null

/** The key columns after a change: a replaced key is remembered with what vouched for its replacement. */
function keysAfter(current: PlatformDetails, wanted: Registration, proven: Proven, replacedAt: string) {
  if (current.public_credentials === wanted.public_credentials) return {}
  const replaced: PreviousKey = { public_credentials: current.public_credentials, proven, replaced_at: replacedAt }
  const previousKeys = JSON.stringify([replaced, ...current.previous_keys].slice(0, MAX_PREVIOUS_KEYS))
  return { proven, previousKeys }
}

const detailsOf = (row: PlatformRow): PlatformDetails => ({
  id: row.id,
  address: row.address,
  public_credentials: row.publicCredentials,
  group: row.group,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  last_seen: row.lastSeen,
  dial_only: row.dialOnly,
  proven: row.proven as Proven,
  previous_keys: JSON.parse(row.previousKeys) as PreviousKey[],
})
