/**
 * `VOLTTRON_HOME/credentials_store`: one file per identity, in the format of the Python platform.
 *
 * A file that cannot be read is reported by name, never overwritten, and takes nobody else down. Content never appears in a
 * message, because it holds secret keys.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, link, readdir, readFile, rm, stat, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeFolder, replaceFile } from '@volttron/config'
import {
  identityProblem,
  type KeyPair,
  keyPairFromSecret,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  VolttronError,
} from '@volttron/vip'
import type { Credential, PreviousKey } from './credentials.ts'
import { errorCode, fileError } from './file-errors.ts'
import { FileWatch, type FileWatchOptions } from './file-watch.ts'

/** A file that serves nobody, and why. */
export interface CredentialProblem {
  /** Name of the file in the folder. */
  readonly file: string
  readonly message: string
}

export interface CredentialScan {
  readonly credentials: readonly Credential[]
  readonly problems: readonly CredentialProblem[]
}

export interface CredentialChange {
  /** New or changed. */
  readonly changed: readonly Credential[]
  /** Identities whose file is gone. */
  readonly removed: readonly string[]
  /** Problems that were not there at the last look. An identity whose file went bad keeps its last good keys. */
  readonly problems: readonly CredentialProblem[]
}

/** A file as it was when it was read. */
interface SeenFile {
  /** Changes with the content; `undefined` when the file could not be looked at. */
  readonly stamp: string | undefined
  readonly credential: Credential | undefined
  readonly problem: CredentialProblem | undefined
}

const SUFFIX = '.json'
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** A credential takes a few hundred bytes. */
const MAX_FILE_BYTES = 64 * 1024

/** A fresh key pair from the randomness of the system. */
export const generateKeyPair = (): KeyPair => keyPairFromSecret(randomBytes(32))

export class FileCredentialStore {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Makes the folder, for its owner only. @throws VolttronError `system` */
  async prepare(): Promise<void> {
    try {
      makeFolder(this.folder, FOLDER_MODE)
      const { mode } = await stat(this.folder)
      if ((mode & 0o077) !== 0) await chmod(this.folder, FOLDER_MODE)
    } catch (error) {
      throw fileError(`cannot make the folder ${this.folder}`, error)
    }
  }

  /** Reads every file. @throws VolttronError `system` when the folder itself cannot be read */
  load(): Promise<CredentialScan> {
    return this.#load(new Map())
  }

  /** @param seen what earlier looks found: files that have not changed since are not read again */
  async #load(seen: Map<string, SeenFile>): Promise<CredentialScan> {
    const credentials: Credential[] = []
    const problems: CredentialProblem[] = []
    const files = await this.#files()
    for (const file of files) {
      const stamp = await stampOf(join(this.folder, file))
      let found = seen.get(file)
      if (!found || stamp === undefined || found.stamp !== stamp) {
        found = { stamp, ...(await this.#look(file)) }
        seen.set(file, found)
      }
      if (found.credential) credentials.push(found.credential)
      if (found.problem) problems.push(found.problem)
    }
    for (const file of seen.keys()) if (!files.includes(file)) seen.delete(file)
    return { credentials, problems }
  }

  async #look(file: string): Promise<Pick<SeenFile, 'credential' | 'problem'>> {
    try {
      return { credential: await this.#read(file), problem: undefined }
    } catch (error) {
      if (!(error instanceof VolttronError)) throw error
      return { credential: undefined, problem: { file, message: error.message } }
    }
  }

  /** Identities that have a file, sorted. */
  async list(): Promise<readonly string[]> {
    return (await this.#files()).map((file) => basename(file, SUFFIX))
  }

  /** Whether there is a file of this identity, whatever is in it. @throws VolttronError `usage` for what is no identity */
  hasFile(identity: string): boolean {
    return existsSync(this.#path(identity))
  }

  /** @throws VolttronError `bad-data` for a damaged file, `system` for one that cannot be read */
  async get(identity: string): Promise<Credential | undefined> {
    this.#check(identity)
    return await this.#read(identity + SUFFIX)
  }

  /**
   * Makes credentials for a new identity.
   *
   * @param keys default: fresh ones. Without a secret key for an agent that keeps it where it runs
   * @throws VolttronError `usage` when it has a file already, whatever is in it
   */
  async create(identity: string, keys: PreviousKey = generateKeyPair()): Promise<Credential> {
    const path = this.#path(identity)
    const credential = { identity, ...keys, domain: '', address: '', previous: [] }
    const unfinished = join(this.folder, `.${identity}.${randomBytes(4).toString('hex')}`)
    try {
      await replaceFile(unfinished, formatCredential(credential), { mode: FILE_MODE })
      // Unlike a rename, this replaces nothing: of two who make the same at a time, one is told.
      await link(unfinished, path)
      return credential
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw fileError(`cannot write ${path}`, error)
      throw new VolttronError('usage', `'${identity}' has credentials already, in ${path}`)
    } finally {
      await rm(unfinished, { force: true }).catch(() => {})
    }
  }

  /** Gives an identity new keys; the present ones stay valid until {@link forgetPrevious}. */
  async rotate(identity: string, keys: KeyPair = generateKeyPair()): Promise<Credential> {
    const present = await this.#require(identity)
    const { publicKey, secretKey } = present
    return await this.#write({ ...present, ...keys, previous: [{ publicKey, secretKey }] })
  }

  /** Ends a rotation: only the present key is valid. */
  async forgetPrevious(identity: string): Promise<Credential> {
    return await this.#write({ ...(await this.#require(identity)), previous: [] })
  }

  /** @throws VolttronError `not-found` */
  async remove(identity: string): Promise<void> {
    const path = this.#path(identity)
    try {
      await unlink(path)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw unknownIdentity(identity)
      throw fileError(`cannot remove ${path}`, error)
    }
  }

  /**
   * Reports what changes from `seen` on.
   *
   * @param seen what the caller knows already, from {@link load}
   */
  watch(seen: CredentialScan, onChange: (change: CredentialChange) => void, options: FileWatchOptions = {}): FileWatch {
    let known = new Map(seen.credentials.map((credential) => [credential.identity, credential]))
    let reported = new Set(seen.problems.map(({ message }) => message))
    const files = new Map<string, SeenFile>()
    const look = async () => {
      const scan = await this.#load(files).catch((error: unknown): CredentialScan => {
        // The folder is away for a moment: nobody loses a key by that.
        const message = fileError(`cannot read ${this.folder}`, error).message
        return { credentials: [...known.values()], problems: [{ file: '', message }] }
      })
      const found = new Map(scan.credentials.map((credential) => [credential.identity, credential]))
      for (const { file } of scan.problems) {
        const last = known.get(basename(file, SUFFIX))
        if (last) found.set(last.identity, last)
      }
      const changed = [...found.values()].filter((credential) => !isSame(credential, known.get(credential.identity)))
      const removed = [...known.keys()].filter((identity) => !found.has(identity))
      const problems = scan.problems.filter(({ message }) => !reported.has(message))
      known = found
      reported = new Set(scan.problems.map(({ message }) => message))
      if (changed.length + removed.length + problems.length > 0) onChange({ changed, removed, problems })
    }
    return new FileWatch(this.folder, look, options)
  }

  /** The file of an identity; the check keeps `../x` from becoming a path. */
  #path(identity: string): string {
    this.#check(identity)
    return join(this.folder, identity + SUFFIX)
  }

  #check(identity: string): void {
    const problem = identityProblem(identity)
    if (problem) throw new VolttronError('usage', `'${identity.slice(0, 100)}' is no identity: ${problem}`)
  }

  async #files(): Promise<string[]> {
    try {
      return (await readdir(this.folder)).filter((file) => file.endsWith(SUFFIX) && !file.startsWith('.')).sort()
    } catch (error) {
      throw fileError(`cannot read ${this.folder}`, error)
    }
  }

  async #require(identity: string): Promise<Credential> {
    const credential = await this.get(identity)
    if (!credential) throw unknownIdentity(identity)
    return credential
  }

  async #read(file: string): Promise<Credential | undefined> {
    const path = join(this.folder, file)
    let text: string
    try {
      const found = await stat(path)
      if (!found.isFile()) throw damaged(path, 'it is no file')
      if (found.size > MAX_FILE_BYTES) throw damaged(path, 'it is too large')
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw fileError(`cannot read ${path}`, error)
    }
    return parseCredential(text, path, basename(file, SUFFIX))
  }

  async #write(credential: Credential): Promise<Credential> {
    const path = this.#path(credential.identity)
    try {
      await replaceFile(path, formatCredential(credential), { mode: FILE_MODE })
    } catch (error) {
      throw fileError(`cannot write ${path}`, error)
    }
    return credential
  }
}

const unknownIdentity = (identity: string) =>
  new VolttronError('not-found', `there are no credentials for '${identity}'`, { hint: 'vctl auth list shows who has' })

const damaged = (path: string, why: string) =>
  new VolttronError('bad-data', `${path} is damaged: ${why}`, { hint: 'restore it from a backup, or move it away' })

/** In nanoseconds, because two writes may fall into one millisecond. */
async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return undefined // the reader says why
  }
}

function formatCredential({ identity, publicKey, secretKey, domain, address, previous }: Credential): string {
  const json: Record<string, unknown> = {
    identity,
    publickey: publicKey,
    // Python's loader insists on a secret key, even on one that says nothing.
    secretkey: secretKey ?? '',
    domain,
    address,
  }
  if (previous.length > 0) {
    json.previous = previous.map((keys) => ({ publickey: keys.publicKey, secretkey: keys.secretKey ?? '' }))
  }
  return `${JSON.stringify(json, null, 2)}\n`
}

function parseCredential(text: string, path: string, identity: string): Credential {
  const problem = identityProblem(identity)
  if (problem) throw damaged(path, problem)
  const json = parseObject(text)
  if (!json) throw damaged(path, 'it holds no JSON object')
  if (json.identity !== identity) throw damaged(path, `its identity is not '${identity}'`)
  const keys = parseKeys(json)
  if (!keys) throw damaged(path, 'its publickey is no key')
  const previous = (Array.isArray(json.previous) ? json.previous : []).map((entry: unknown) => {
    const read = typeof entry === 'object' && entry !== null ? parseKeys(entry as Record<string, unknown>) : undefined
    if (!read) throw damaged(path, 'a previous key is no key')
    return read
  })
  const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
  return { identity, ...keys, domain: textOf(json.domain), address: textOf(json.address), previous }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined
  } catch {
    return undefined
  }
}

/** A secret key that does not fit is a placeholder: Python's loader insists on one, remote agents get a dummy. */
function parseKeys(json: Record<string, unknown>): PreviousKey | undefined {
  const publicKey = typeof json.publickey === 'string' ? parsePublicKey(json.publickey) : undefined
  if (!publicKey) return undefined
  const secretKey = typeof json.secretkey === 'string' ? parseSecretKey(json.secretkey) : undefined
  return { publicKey, secretKey: secretKey && publicKeyOf(secretKey) === publicKey ? secretKey : undefined }
}

const isSame = (a: Credential, b: Credential | undefined): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
