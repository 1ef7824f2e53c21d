/**
 * Which key belongs to which identity. A key belongs to one identity; an identity may hold several keys while one is
 * being replaced by another.
 */
import type { PublicKey, SecretKey } from '@volttron/vip'

/** A key pair on its way out; its secret part may be unknown. */
export interface PreviousKey {
  readonly publicKey: PublicKey
  readonly secretKey: SecretKey | undefined
}

/** What is known of one identity. */
export interface Credential {
  readonly identity: string
  readonly publicKey: PublicKey
  /** `undefined` for an agent whose secret key stays where the agent runs. */
  readonly secretKey: SecretKey | undefined
  readonly domain: string
  readonly address: string
  /** Keys that stay valid beside the present one during a rotation, newest first. */
  readonly previous: readonly PreviousKey[]
}

/** Every public key of a credential, the present one first. */
export const publicKeysOf = (credential: Credential): readonly PublicKey[] => [
  credential.publicKey,
  ...credential.previous.map(({ publicKey }) => publicKey),
]

/** The index the front door asks for each connection. */
export class Credentials {
  /** Changes whenever an answer may change. */
  version = 1
  readonly #identityByKey = new Map<PublicKey, string>()
  readonly #keysByIdentity = new Map<string, readonly PublicKey[]>()

  identityOf(key: PublicKey): string | undefined {
    return this.#identityByKey.get(key)
  }

  /** The present key first. Empty for an unknown identity. */
  keysOf(identity: string): readonly PublicKey[] {
    return this.#keysByIdentity.get(identity) ?? []
  }

  identities(): IterableIterator<string> {
    return this.#keysByIdentity.keys()
  }

  /**
   * Replaces all keys of an identity. A key that belongs to somebody else is left out.
   *
   * @returns the keys left out; empty when all is well
   */
  set(identity: string, keys: readonly PublicKey[]): readonly PublicKey[] {
    const taken = keys.filter((key) => (this.#identityByKey.get(key) ?? identity) !== identity)
    this.remove(identity)
    const own = [...new Set(keys)].filter((key) => !taken.includes(key))
    for (const key of own) this.#identityByKey.set(key, identity)
    if (own.length > 0) this.#keysByIdentity.set(identity, own)
    this.version++
    return taken
  }

  /** @returns the keys that no longer open anything */
  remove(identity: string): readonly PublicKey[] {
    const keys = this.keysOf(identity)
    for (const key of keys) this.#identityByKey.delete(key)
    if (this.#keysByIdentity.delete(identity)) this.version++
    return keys
  }
}
