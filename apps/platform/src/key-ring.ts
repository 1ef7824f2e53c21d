/**
 * Whose key is it: an agent's of this platform, another platform's, or nobody's. The front door asks for every connection,
 * the reception for every first message.
 */
import type { Credentials } from '@volttron/auth'
import type { Admission } from '@volttron/transport'
import type { PublicKey } from '@volttron/vip'
import type { KeyApprovals } from './key-approvals.ts'
import type { KeyHolder } from './router/reception.ts'

export interface KeyRingPorts {
  /** Keys of local identities. */
  readonly credentials: Credentials
  /** What the operator decided about keys that nobody knows. */
  readonly approvals: Pick<KeyApprovals, 'isDenied' | 'isUnnamed' | 'knock' | 'isKnownNow' | 'claim'>
  /** A key that nobody knows has knocked: the list of platforms may be out of date. */
  readonly onUnknownKey: () => void
}

export class KeyRing {
  readonly #ports: KeyRingPorts
  readonly #platformByKey = new Map<PublicKey, string>()
  readonly #keyByPlatform = new Map<string, PublicKey>()

  constructor(ports: KeyRingPorts) {
    this.#ports = ports
  }

  /** @param claimed the identity under which the holder has come: an approved key may have none yet */
  holderOf(key: PublicKey, claimed: string): KeyHolder | undefined {
    const known = this.#known(key)
    if (known || !this.#ports.approvals.isUnnamed(key)) return known
    const problem = this.#ports.approvals.claim(key, claimed)
    return problem === undefined ? { kind: 'agent', identity: claimed } : { kind: 'unnamed', problem }
  }

  /** A stranger is not told that it is one: it may be on the way into the registry, or wait for its approval. */
  admit(key: PublicKey, remote: string): Admission {
    const { approvals, onUnknownKey } = this.#ports
    if (this.#known(key) || approvals.isUnnamed(key)) return { verdict: 'accept' }
    if (approvals.isDenied(key)) return { verdict: 'refuse', reason: 'the operator denied the key' }
    onUnknownKey()
    approvals.knock(key, remote)
    return { verdict: 'later', reason: 'the key is not known here' }
  }

  /** @returns the key the platform had before, when it had another one */
  trust(platform: string, key: PublicKey): PublicKey | undefined {
    const former = this.revoke(platform)
    this.#keyByPlatform.set(platform, key)
    this.#platformByKey.set(key, platform)
    this.#ports.approvals.isKnownNow(key)
    return former === key ? undefined : former
  }

  /** @returns the key that opens nothing any more */
  revoke(platform: string): PublicKey | undefined {
    const key = this.#keyByPlatform.get(platform)
    if (key === undefined) return undefined
    this.#keyByPlatform.delete(platform)
    if (this.#platformByKey.get(key) === platform) this.#platformByKey.delete(key)
    return key
  }

  #known(key: PublicKey): KeyHolder | undefined {
    const { credentials, approvals } = this.#ports
    // What the operator denied stays out, whatever the registry says, and whatever became of its credentials.
    if (approvals.isDenied(key)) return undefined
    const identity = credentials.identityOf(key)
    if (identity !== undefined) return { kind: 'agent', identity }
    const name = this.#platformByKey.get(key)
    return name === undefined ? undefined : { kind: 'platform', name }
  }
}
