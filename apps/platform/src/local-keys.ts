/** Keys of local identities, kept true while their files come and go. */
import { Credentials, publicKeysOf } from '@volttron/auth'
import type { Logger } from '@volttron/observe'
import type { PublicKey } from '@volttron/vip'
import type { Home } from './home/home.ts'

export interface LocalKeys {
  readonly credentials: Credentials
  close(): Promise<void>
}

export interface LocalKeyListener {
  /** Somebody who was a stranger may come in now. */
  onAdded(): void
  /** This key opens nothing any more. */
  onRevoked(key: PublicKey): void
}

export async function openLocalKeys(home: Home, log: Logger, listener: LocalKeyListener): Promise<LocalKeys> {
  const credentials = new Credentials()
  const scan = await home.credentialStore.load()
  for (const { message } of scan.problems) log.warn(message)
  for (const credential of scan.credentials) credentials.set(credential.identity, publicKeysOf(credential))
  const watch = home.credentialStore.watch(scan, ({ changed, removed, problems }) => {
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
    if (changed.length > 0) listener.onAdded()
  })
  return { credentials, close: () => watch.close() }
}
