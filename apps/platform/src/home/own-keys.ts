/** The keys of the platform itself and of its services. */
import { type Credential, type FileCredentialStore, OWN_IDENTITIES } from '@volttron/auth'
import { type KeyPair, ReservedIdentity, VolttronError } from '@volttron/vip'

export interface OwnKeys {
  /** Every listener uses this pair, and every session with another platform. */
  readonly platform: KeyPair
  /** By identity: the platform, its services and `control.connection`. */
  readonly credentials: ReadonlyMap<string, Credential>
  /** Identities whose keys were made just now. */
  readonly created: readonly string[]
}

/**
 * Loads the platform's own keys and makes those that are missing. A damaged file is left as it is: a platform that made
 * itself a new key would be a stranger to every peer.
 *
 * @throws VolttronError `bad-data` for a damaged file, `system`
 */
export async function loadOwnKeys(store: FileCredentialStore): Promise<OwnKeys> {
  const credentials = new Map<string, Credential>()
  const created: string[] = []
  // All present files are read before a missing one is made: a damaged one must not leave half a start behind.
  for (const identity of OWN_IDENTITIES) {
    const credential = await store.get(identity)
    if (!credential) continue
    if (!credential.secretKey) {
      throw new VolttronError(
        'bad-data',
        `${store.folder}/${identity}.json holds no secret key that fits its publickey`,
        {
          hint: 'restore it from a backup, or move it away to get a new key',
        },
      )
    }
    credentials.set(identity, credential)
  }
  for (const identity of OWN_IDENTITIES) {
    if (credentials.has(identity)) continue
    credentials.set(identity, await store.create(identity))
    created.push(identity)
  }
  const { publicKey, secretKey } = credentials.get(ReservedIdentity.platform)!
  return { platform: { publicKey, secretKey: secretKey! }, credentials, created }
}
