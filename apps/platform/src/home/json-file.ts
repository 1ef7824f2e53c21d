/** A JSON file that is replaced as a whole: read once at start, written whenever its content changes. */
import { readFile, rename, stat } from 'node:fs/promises'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'

/** Larger ones are taken for damaged. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024

/** Thrown by a reader: the file is set aside under its name and `suffix`. */
export class UnusableFile extends Error {
  readonly suffix: string

  constructor(message: string, suffix: 'corrupt' | 'newer' = 'corrupt') {
    super(message)
    this.suffix = suffix
  }
}

/**
 * Reads a file whose loss must not keep the platform from starting.
 *
 * @param read makes the value of the parsed JSON; throws {@link UnusableFile}
 * @param nowMs wall clock, for the name of a file set aside
 * @returns no value when there is no usable file; `message` says what happened to one that is there
 */
export async function readJsonFile<T>(
  path: string,
  read: (json: unknown) => T,
  nowMs: number,
): Promise<{ value?: T; message?: string }> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new UnusableFile('it is too large')
    const text = await readFile(path, 'utf8')
    if (text.trim() === '') return {} // the Python platform touches its files before it fills them
    return { value: read(parseJson(text)) }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {}
    if (!(error instanceof UnusableFile)) return { message: fileError(`cannot read ${path}`, error).message }
    return { message: await setAside(path, error, nowMs) }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnusableFile('it is no valid JSON')
  }
}

/** Keeps a file that cannot be used under another name. Never throws; the result says in one line what happened. */
export const setAsideFile = (path: string, why: string, nowMs: number): Promise<string> =>
  setAside(path, new UnusableFile(why), nowMs)

async function setAside(path: string, { message, suffix }: UnusableFile, nowMs: number): Promise<string> {
  const aside = `${path}.${suffix}-${new Date(nowMs).toISOString().replace(/[-:.]/g, '')}`
  try {
    await rename(path, aside)
    return `${path} cannot be used: ${message}; it was set aside as ${aside}`
  } catch (error) {
    return fileError(`${path} cannot be used: ${message}; and it cannot be set aside`, error).message
  }
}

/** Writes one file at a time: what is saved while a write is under way waits, and only the latest is written. */
export class JsonFile<T> {
  readonly path: string
  #written = ''
  #waiting = ''
  /** The write that is under way, or the last one. */
  #current: Promise<void> = Promise.resolve()
  /** The write after it; everybody who saves meanwhile shares it. */
  #next: Promise<void> | undefined

  constructor(path: string) {
    this.path = path
  }

  /**
   * Resolves when this value, or a later one, is on the disk. Costs nothing when nothing has changed.
   *
   * @throws VolttronError `system`; the next save tries again
   */
  save(value: T): Promise<void> {
    this.#waiting = `${JSON.stringify(value, null, 2)}\n`
    this.#next ??= this.#current
      .catch(() => {}) // reported to those who asked for it
      .then(() => {
        this.#next = undefined
        this.#current = this.#write(this.#waiting)
        return this.#current
      })
    return this.#next
  }

  async #write(text: string): Promise<void> {
    if (text === this.#written) return
    try {
      await replaceFile(this.path, text, { mode: 0o600 })
      this.#written = text
    } catch (error) {
      throw fileError(`cannot write ${this.path}`, error)
    }
  }
}
