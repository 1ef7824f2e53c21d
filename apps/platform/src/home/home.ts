/**
 * VOLTTRON_HOME of a running platform: folders, lock, keys and the sign that it is ready.
 *
 * ```
 * openHome: folders -> lock -> stale PID file away -> own keys     then  announceReady: VOLTTRON_PID
 * close:    VOLTTRON_PID away -> lock given back
 * ```
 */
import { type Credential, FileCredentialStore } from '@volttron/auth'
import { type KeyPair, ReservedIdentity, type SecretKey } from '@volttron/vip'
import { acquireHomeLock } from './home-lock.ts'
import { type HomePaths, homePaths, prepareFolders } from './home-paths.ts'
import { loadOwnKeys } from './own-keys.ts'
import { removeOwnPidFile, removeStalePidFile, writePidFile } from './pid-file.ts'

export interface Home {
  readonly paths: HomePaths
  readonly credentialStore: FileCredentialStore
  /** The key pair of every listener and of every session with another platform. */
  readonly platformKeys: KeyPair
  /** Keys the platform had before a rotation: somebody may still know it by one of them. */
  readonly formerPlatformSecrets: readonly SecretKey[]
  /** Keys of the platform's own identities. */
  readonly ownCredentials: ReadonlyMap<string, Credential>
  /** Own identities whose keys were made by this start. */
  readonly createdKeys: readonly string[]
  /** Writes VOLTTRON_PID: agents and tools may connect now. */
  announceReady(): Promise<void>
  /** Removes VOLTTRON_PID and gives the lock back. Idempotent, never throws. */
  close(): Promise<void>
}

/**
 * Takes possession of a home, and makes what is missing.
 *
 * @param path absolute
 * @throws VolttronError `system` (71): in use, unreadable, unwritable, full; `bad-data` (65): own key file damaged, left as
 *   it is; `config` (78): path too long
 */
export async function openHome(path: string): Promise<Home> {
  const paths = homePaths(path)
  await prepareFolders(paths)
  const lock = await acquireHomeLock(paths.run)
  try {
    await removeStalePidFile(paths.pidFile)
    const credentialStore = new FileCredentialStore(paths.credentialStore)
    await credentialStore.prepare()
    const keys = await loadOwnKeys(credentialStore)
    return {
      paths,
      credentialStore,
      platformKeys: keys.platform,
      formerPlatformSecrets: formerSecrets(keys.credentials.get(ReservedIdentity.platform)!),
      ownCredentials: keys.credentials,
      createdKeys: keys.created,
      announceReady: () => writePidFile(paths.pidFile),
      async close() {
        await removeOwnPidFile(paths.pidFile)
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

const formerSecrets = ({ previous }: Credential): readonly SecretKey[] =>
  previous.flatMap(({ secretKey }) => (secretKey === undefined ? [] : [secretKey]))
