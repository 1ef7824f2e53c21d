/**
 * Keys that nobody here knows: which of them knock, and what the operator has decided (VIP specification, section 6.5).
 *
 * ```
 * unknown --knock--> PENDING --approve--> APPROVED      approve and deny also lead from one decision to the other;
 *                       '------deny-----> DENIED        forget makes the key unknown again
 * ```
 * Strangers fill the pending list, so it is bounded, and never written to a disk. When it is full, the address with most
 * entries loses its oldest: nobody crowds out others.
 */
import type { PublicKey } from '@volttron/vip'

/** As the Python platform shows it. */
export interface KeyRequest {
  readonly domain: string
  /** Where it knocked from first. */
  readonly address: string
  readonly mechanism: 'CURVE'
  /** The public key, 43 characters. */
  readonly credentials: PublicKey
  /** Names the request. */
  readonly user_id: string
  /** How often it knocked again. */
  readonly retries: number
}

export interface ApprovedKey extends KeyRequest {
  /** `null` until the holder has connected under a name of its choice. */
  readonly identity: string | null
}

export interface KeyDecisions {
  readonly approved: readonly ApprovedKey[]
  readonly denied: readonly KeyRequest[]
}

export type KeyRequestStatus = 'PENDING' | 'APPROVED' | 'DENIED'

export interface KeyRequestsOptions {
  /** Random, unguessable. */
  readonly newId: () => string
  /** default 128 */
  readonly maxPending?: number
  /** default 8 */
  readonly maxPendingPerAddress?: number
  /** What addresses are counted by; default: each by itself. */
  readonly networkOf?: (address: string) => string
}

export class KeyRequests {
  readonly #newId: () => string
  readonly #maxPending: number
  readonly #maxPerAddress: number
  readonly #networkOf: (address: string) => string
  /** Oldest first, each by its key. */
  readonly #pending = new Map<PublicKey, KeyRequest>()
  readonly #approved = new Map<PublicKey, ApprovedKey>()
  readonly #denied = new Map<PublicKey, KeyRequest>()

  constructor(options: KeyRequestsOptions, decided?: KeyDecisions) {
    this.#newId = options.newId
    this.#maxPending = options.maxPending ?? 128
    this.#maxPerAddress = options.maxPendingPerAddress ?? 8
    this.#networkOf = options.networkOf ?? ((address) => address)
    for (const request of decided?.approved ?? []) this.#approved.set(request.credentials, request)
    for (const request of decided?.denied ?? []) this.#denied.set(request.credentials, request)
  }

  get pending(): readonly KeyRequest[] {
    return [...this.#pending.values()]
  }

  get approved(): readonly ApprovedKey[] {
    return [...this.#approved.values()]
  }

  get denied(): readonly KeyRequest[] {
    return [...this.#denied.values()]
  }

  /** What must outlive the process. */
  get decisions(): KeyDecisions {
    return { approved: this.approved, denied: this.denied }
  }

  isDenied(key: PublicKey): boolean {
    return this.#denied.has(key)
  }

  approvalOf(key: PublicKey): ApprovedKey | undefined {
    return this.#approved.get(key)
  }

  /** A key that nobody knows asks to be let in. Returns whether it is new. */
  knock(key: PublicKey, address: string): boolean {
    const known = this.#pending.get(key)
    if (known) {
      this.#pending.set(key, { ...known, retries: known.retries + 1 })
      return false
    }
    const network = this.#networkOf(address)
    const counts = this.#counts()
    if ((counts.get(network) ?? 0) >= this.#maxPerAddress) this.#dropOldest(network)
    else if (this.#pending.size >= this.#maxPending) this.#dropOldest(mostFrequent(counts))
    const request: KeyRequest = {
      domain: 'vip',
      address,
      mechanism: 'CURVE',
      credentials: key,
      user_id: this.#newId(),
      retries: 0,
    }
    this.#pending.set(key, request)
    return true
  }

  find(userId: string): (KeyRequest & { readonly status: KeyRequestStatus }) | undefined {
    const lists = { PENDING: this.#pending, APPROVED: this.#approved, DENIED: this.#denied }
    for (const [status, list] of Object.entries(lists)) {
      for (const request of list.values()) {
        if (request.user_id === userId) return { ...request, status: status as KeyRequestStatus }
      }
    }
    return undefined
  }

  /** @param identity `null`: the one its holder connects with first */
  approve(request: KeyRequest, identity: string | null): void {
    const { domain, address, mechanism, credentials, user_id, retries } = request
    this.forget(credentials)
    this.#approved.set(credentials, { domain, address, mechanism, credentials, user_id, retries, identity })
  }

  deny({ domain, address, mechanism, credentials, user_id, retries }: KeyRequest): void {
    this.forget(credentials)
    this.#denied.set(credentials, { domain, address, mechanism, credentials, user_id, retries })
  }

  /** The key is unknown again, or known by other means. */
  forget(key: PublicKey): void {
    this.#pending.delete(key)
    this.#approved.delete(key)
    this.#denied.delete(key)
  }

  /** Known by other means now; what was decided about it stays. */
  forgetPending(key: PublicKey): void {
    this.#pending.delete(key)
  }

  /** Entries by network; the one with the oldest entry first. */
  #counts(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { address } of this.#pending.values()) {
      const network = this.#networkOf(address)
      counts.set(network, (counts.get(network) ?? 0) + 1)
    }
    return counts
  }

  #dropOldest(from: string): void {
    for (const [key, { address }] of this.#pending) {
      if (this.#networkOf(address) !== from) continue
      this.#pending.delete(key)
      return
    }
  }
}

/** The first of equals. */
function mostFrequent(counts: ReadonlyMap<string, number>): string {
  let most = ''
  for (const [network, count] of counts) if (count > (counts.get(most) ?? 0)) most = network
  return most
}
