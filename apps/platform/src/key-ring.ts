/**
 * Whose key is it: an agent's of this platform, another platform's, or nobody's. The front door asks for every connection,
 * the reception for every first message.
 */
import type { Credentials } from '@volttron/auth'
import type { Admission } from '@volttron/transport'
import type { PublicKey } from '@volttron/vip'
import type { KeyHolder } from './router/reception.ts'

export interface KeyRingPorts {
  /** Keys of local identities. */
  readonly credentials: Credentials
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

  holderOf(key: PublicKey): KeyHolder | undefined {
    const identity = this.#ports.credentials.identityOf(key)
    if (identity !== undefined) return { kind: 'agent', identity }
    const name = this.#platformByKey.get(key)
    return name === undefined ? undefined : { kind: 'platform', name }
  }

  /** A stranger is not told that it is one: it may be on the way into the registry, or wait for its credentials. */
  admit(key: PublicKey): Admission {
    if (this.holderOf(key)) return { verdict: 'accept' }
    this.#ports.onUnknownKey()
    return { verdict: 'later', reason: 'the key is not known here' }
  }

  /** @returns the key the platform had before, when it had another one */
  trust(platform: string, key: PublicKey): PublicKey | undefined {
    const former = this.revoke(platform)
    this.#keyByPlatform.set(platform, key)
    this.#platformByKey.set(key, platform)
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
}
