/**
 * Keys of agents, changed where they are kept: by `platform.auth` while the platform runs, in `credentials_store` while it
 * does not. Both write the same files. Looking is always done in the files.
 */
import { join } from 'node:path'
import { FileCredentialStore } from '@volttron/auth'
import { parsePublicKey, ReservedIdentity, VolttronError } from '@volttron/vip'
import { isPlatformRunning } from './home.ts'
import type { Invocation } from './invocation.ts'

export const keysOf = ({ home }: Pick<Invocation, 'home'>): FileCredentialStore =>
  new FileCredentialStore(join(home, 'credentials_store'))

/**
 * Lets an identity connect.
 *
 * @param publicKey of an agent that keeps its secret key to itself; `undefined` makes both keys here
 * @throws VolttronError `usage` when it has a key already
 */
export async function addKey(invocation: Invocation, identity: string, publicKey: string | undefined): Promise<void> {
  const key = publicKey === undefined ? undefined : parsePublicKey(publicKey)
  if (publicKey !== undefined && key === undefined)
    throw new VolttronError('usage', `no public key: '${publicKey.slice(0, 60)}'`, {
      hint: '43 characters as vctl auth publickey shows them, or 40 of Z85',
    })
  const store = keysOf(invocation)
  if (!isBusNeeded(invocation)) {
    await store.prepare()
    await store.create(identity, key && { publicKey: key, secretKey: undefined })
    return
  }
  // The service takes a key that is there for a success, as Python's does; a person wants to know.
  if (await store.get(identity))
    throw new VolttronError('usage', `'${identity}' has credentials already, in ${join(store.folder, identity)}.json`)
  const kwargs = { identity, ...(publicKey === undefined ? {} : { publickey: publicKey }) }
  const isDone = await invocation.withPlatform((platform) =>
    platform.call(ReservedIdentity.auth, 'create_credentials', [], kwargs),
  )
  if (isDone === false) throw new VolttronError('system', `the platform could not make a key for '${identity}'`)
}

/** Takes the key of an identity away. @throws VolttronError `not-found` */
export async function removeKey(invocation: Invocation, identity: string): Promise<void> {
  if (!isBusNeeded(invocation)) return await keysOf(invocation).remove(identity)
  await invocation.withPlatform((platform) =>
    platform.call(ReservedIdentity.auth, 'remove_credentials', [], { identity }),
  )
}

const isBusNeeded = ({ home, address }: Invocation): boolean => address !== undefined || isPlatformRunning(home)
