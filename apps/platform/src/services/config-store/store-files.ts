/** The stores on the disk: `configuration_store/<identity>.store`, one JSON file per agent (VIP specification, section 7.1). */
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
import { identityProblem, VolttronError } from '@volttron/vip'
import { MAX_FILE_BYTES, readJsonFile, UnusableFile } from '../../home/json-file.ts'
import { AgentConfigs } from './agent-configs.ts'

const EXTENSION = '.store'
/** A file name has 255 characters, of which the extension and what marks an unfinished file take some. */
const MAX_IDENTITY_LENGTH = 230

export interface StoreFilesPorts {
  readonly folder: string
  /** Wall clock, for the name of a file set aside. */
  readonly unixMs: () => number
  /** What is wrong with a file, in one line. */
  readonly warn: (message: string) => void
}

export class StoreFiles {
  readonly #ports: StoreFilesPorts

  constructor(ports: StoreFilesPorts) {
    this.#ports = ports
  }

  /** Identities that have a store, in order. @throws VolttronError `system` */
  async identities(): Promise<string[]> {
    const { folder } = this.#ports
    const names = await readdir(folder).catch((error) => Promise.reject(fileError(`cannot read ${folder}`, error)))
    return names
      .filter((name) => name.endsWith(EXTENSION))
      .map((name) => name.slice(0, -EXTENSION.length))
      .filter((identity) => identityProblem(identity) === undefined)
      .sort()
  }

  /**
   * What is stored for an agent. A file that holds no store is set aside.
   *
   * @throws VolttronError `system` when there is a file that cannot be read, `bad-data` for what is no identity
   */
  async load(identity: string): Promise<AgentConfigs> {
    const path = this.#path(identity)
    const { value, message } = await readJsonFile(path, readStore, this.#ports.unixMs())
    if (message !== undefined) {
      this.#ports.warn(message)
      if (!(await isGone(path))) throw new VolttronError('system', message)
    }
    for (const problem of value?.problems ?? []) this.#ports.warn(`${path}: ${problem}`)
    return value?.configs ?? AgentConfigs.none
  }

  /** Replaces the file as a whole; an empty store has none. @throws VolttronError `system`, `bad-data` when it is too large */
  async save(identity: string, configs: AgentConfigs): Promise<void> {
    const path = this.#path(identity)
    try {
      if (configs.isEmpty) return await rm(path, { force: true })
      const text = JSON.stringify(configs.document())
      if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
        throw new VolttronError('bad-data', `the configuration store of ${identity} would be too large`, {
          hint: `it has at most ${MAX_FILE_BYTES / 2 ** 20} MiB`,
        })
      }
      await replaceFile(path, text, { mode: 0o600 })
    } catch (error) {
      throw fileError(`cannot write ${path}`, error)
    }
  }

  #path(identity: string): string {
    const problem = typeof identity === 'string' ? identityProblem(identity) : 'an identity is text'
    if (problem !== undefined) {
      throw new VolttronError('bad-data', `'${String(identity).slice(0, 100)}' is no identity: ${problem}`)
    }
    if (identity.length > MAX_IDENTITY_LENGTH) {
      throw new VolttronError('bad-data', `an identity with a store has at most ${MAX_IDENTITY_LENGTH} characters`)
    }
    return join(this.#ports.folder, identity + EXTENSION)
  }
}

const isGone = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error) => errorCode(error) === 'ENOENT',
  )

function readStore(json: unknown) {
  const read = AgentConfigs.read(json)
  if (!read) throw new UnusableFile('it is no configuration store')
  return read
}
