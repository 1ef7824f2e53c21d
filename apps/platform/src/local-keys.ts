/** Keys of local identities, kept true while their files come and go. */
import { Credentials, type PreviousKey, publicKeysOf } from '@volttron/auth'
import type { Logger } from '@volttron/observe'
import type { PublicKey } from '@volttron/vip'
import type { Home } from './home/home.ts'

export interface LocalKeys {
  readonly credentials: Credentials
  /** Whether the name belongs to somebody, be it one whose file is damaged, so that nobody knows the key. */
  isTaken(identity: string): boolean
  /**
   * Makes credentials for an identity, valid when this resolves.
   *
   * @param keys default: fresh ones
   * @throws VolttronError `usage` when it has some already
   */
  create(identity: string, keys?: PreviousKey): Promise<void>
  /** Takes the keys of an identity away and cuts its connections. @throws VolttronError `not-found` */
  remove(identity: string): Promise<void>
  close(): Promise<void>
}

export interface LocalKeyListener {
  /** Whose keys these are was a stranger so far, and may come in now. */
  onAdded(keys: readonly PublicKey[]): void
  /** This key opens nothing any more. */
  onRevoked(key: PublicKey): void
}

export async function openLocalKeys(home: Home, log: Logger, listener: LocalKeyListener): Promise<LocalKeys> {
  const credentials = new Credentials()
  const store = home.credentialStore
  const scan = await store.load()
  for (const { message } of scan.problems) log.warn(message)
  for (const credential of scan.credentials) credentials.set(credential.identity, publicKeysOf(credential))
  const watch = store.watch(scan, ({ changed, removed, problems }) => {
    for (const { message } of problems) log.warn(message)
    for (const identity of removed) {
      log.info({ identity }, 'credentials-removed')
      for (const key of credentials.remove(identity)) listener.onRevoked(key)
    }
    for (const credential of changed) {
      const before = credentials.keysOf(credential.identity)
      credentials.set(credential.identity, publicKeysOf(credential))
      for (const key of before) if (credentials.identityOf(key) === undefined) listener.onRevoked(key)
    }
    if (changed.length > 0) listener.onAdded(changed.flatMap(publicKeysOf))
  })
  return {
    credentials,
    isTaken: (identity) => credentials.keysOf(identity).length > 0 || store.hasFile(identity),
    async create(identity, keys) {
      await store.create(identity, keys)
      await watch.rescan()
    },
    async remove(identity) {
      await store.remove(identity)
      await watch.rescan()
    },
    close: () => watch.close(),
  }
}
