/**
 * The platform's own key pair, and its replacement by a new one.
 *
 * A new pair is on the disk before the registry hears of it, and is used only once the registry has it: whatever breaks in
 * between, the platform never is a stranger to itself.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, type FileCredentialStore, fileError, generateKeyPair } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import { type KeyPair, parsePublicKey, parseSecretKey, publicKeyOf, ReservedIdentity } from '@volttron/vip'
import type { Home } from './home/home.ts'

const PREPARED_FILE = 'platform-next-key.json'

export class PlatformKey {
  #pair: KeyPair
  #prepared: KeyPair | undefined
  readonly #store: FileCredentialStore
  readonly #path: string
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(home: Home, prepared: KeyPair | undefined) {
    this.#pair = home.platformKeys
    this.#store = home.credentialStore
    this.#path = join(home.paths.home, PREPARED_FILE)
    this.#prepared = prepared
  }

  static async open(home: Home): Promise<PlatformKey> {
    return new PlatformKey(home, await readPrepared(join(home.paths.home, PREPARED_FILE)))
  }

  get publicKey(): KeyPair['publicKey'] {
    return this.#pair.publicKey
  }

  get secretKey(): KeyPair['secretKey'] {
    return this.#pair.secretKey
  }

  /** A pair that may have become ours without our knowing: a rotation was cut short. */
  prepared(): readonly KeyPair[] {
    return this.#prepared ? [this.#prepared] : []
  }

  /** Makes the pair that is to come. @throws VolttronError `system` when it cannot be written down */
  async prepare(): Promise<KeyPair> {
    const pair = generateKeyPair()
    const text = JSON.stringify({ publickey: pair.publicKey, secretkey: pair.secretKey })
    try {
      await replaceFile(this.#path, `${text}\n`, { mode: 0o600 })
    } catch (error) {
      throw fileError(`cannot write ${this.#path}`, error)
    }
    this.#prepared = pair
    return pair
  }

  /** The prepared pair is not wanted: the registry refused it. */
  async discardPrepared(): Promise<void> {
    this.#prepared = undefined
    await rm(this.#path, { force: true })
  }

  /** From here on this is our pair; the former one stays valid for those who know only that. */
  use(pair: KeyPair): void {
    this.#pair = pair
    this.#writing = this.#store.rotate(ReservedIdentity.platform, pair).then(() => this.discardPrepared())
  }

  /** Resolves when what was taken into use is on the disk. @throws VolttronError `system` */
  async written(): Promise<void> {
    await this.#writing
  }
}

async function readPrepared(path: string): Promise<KeyPair | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw fileError(`cannot read ${path}`, error)
  }
  try {
    const { publickey, secretkey } = JSON.parse(text) as { publickey: string; secretkey: string }
    const [publicKey, secretKey] = [parsePublicKey(publickey), parseSecretKey(secretkey)]
    if (publicKey && secretKey && publicKeyOf(secretKey) === publicKey) return { publicKey, secretKey }
  } catch {
    // A torn or foreign file is no pair; the rotation is simply begun anew.
  }
  return undefined
}
