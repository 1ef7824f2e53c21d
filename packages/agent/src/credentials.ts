/** The keys an agent proves its identity with (VIP specification, sections 1.5 and 1.6). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type KeyPair,
  type PublicKey,
  parseJson,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  VolttronError,
} from '@volttron/vip'

/** Name of the credential of the platform itself, in the same folder. */
const PLATFORM = 'platform'

export const credentialPath = (volttronHome: string, identity: string): string =>
  join(volttronHome, 'credentials_store', `${identity}.json`)

/**
 * Reads the agent's own key pair from the platform's credential store.
 *
 * @throws VolttronError `not-found` without credentials, `denied` when they must not be read, `bad-data` when they are none
 */
export function readCredential(volttronHome: string, identity: string): KeyPair {
  const path = credentialPath(volttronHome, identity)
  return parseCredential(readText(path, identity), path, identity)
}

/**
 * Key pair in the JSON text of a credential.
 *
 * @param source names the text in errors
 * @throws VolttronError `bad-data`, also when it belongs to another identity
 */
export function parseCredential(text: string, source: string, identity: string): KeyPair {
  const value = parseJson(text)
  const { identity: owner, secretkey } = isObject(value) ? value : {}
  if (typeof owner === 'string' && owner !== identity)
    throw new VolttronError('bad-data', `${source} holds credentials of '${owner}', not of '${identity}'`)
  const secretKey = typeof secretkey === 'string' ? parseSecretKey(secretkey) : undefined
  if (secretKey === undefined)
    throw new VolttronError('bad-data', `${source} holds no credentials of '${identity}': no secretkey in it`, {
      hint: `make new ones: vctl auth remove ${identity}; vctl auth add ${identity}`,
    })
  return { publicKey: publicKeyOf(secretKey), secretKey }
}

/**
 * Public key of the platform, from its credential store.
 *
 * @throws VolttronError `unavailable` when the platform has never been started, `bad-data`
 */
export function readServerKey(volttronHome: string): PublicKey {
  const path = credentialPath(volttronHome, PLATFORM)
  const value = parseJson(readText(path, PLATFORM))
  const { publickey } = isObject(value) ? value : {}
  const key = typeof publickey === 'string' ? parsePublicKey(publickey) : undefined
  if (key === undefined) throw new VolttronError('bad-data', `${path} holds no public key of the platform`)
  return key
}

function readText(path: string, identity: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOENT')
      throw new VolttronError('denied', `cannot read ${path}: ${(error as Error).message}`, { cause: error })
    if (identity === PLATFORM)
      throw new VolttronError('unavailable', `no key of the platform: ${path} does not exist`, {
        hint: 'the platform makes it at its first start; check VOLTTRON_HOME',
      })
    throw new VolttronError('not-found', `no credentials for agent '${identity}': ${path} does not exist`, {
      hint: `vctl auth add ${identity}`,
    })
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
