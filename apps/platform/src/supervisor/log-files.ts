/**
 * `VOLTTRON_HOME/logs`: what agents print, one file each, and what their installations print. A file that grows too large is
 * put aside under another name. That of an agent that runs is copied aside and emptied in place instead, because its process
 * keeps it open and would go on writing into the one that was put aside.
 */
import { createHash } from 'node:crypto'
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { appendFile, type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { makeFolder } from '@volttron/config'
import { VolttronError } from '@volttron/vip'
import { OneByKey } from './side-by-side.ts'

const FOLDER_MODE = 0o700
/** A log is put aside when it is larger. */
const MAX_LOG_BYTES = 10 * 1024 * 1024
/** How many are kept beside the one that is written: `.1` is the newest. */
const KEPT_LOGS = 5
/** End of the name of one that is just being put aside. */
const UNFINISHED = '.unfinished'
const COPY_BYTES = 1024 * 1024

const DEFAULT_TAIL_LINES = 200
const MAX_TAIL_LINES = 10_000
const DEFAULT_READ_BYTES = 65_536
const MAX_READ_BYTES = 1024 * 1024

const AGENTS = 'agents'
const INSTALLATIONS = 'install.log'

/** A row of `list_logs`, as the Python platform has it. */
export interface LogRow {
  readonly id: string
  /** Relative to the folder of logs. */
  readonly name: string
  readonly file_id: string
  readonly size_bytes: number
  /** Unix seconds. */
  readonly modified: number
  /** It is still written. */
  readonly is_active: boolean
}

export interface ReadLogOptions {
  /** Lines from the end; default 200. Without effect when a place is given. */
  readonly tail?: number | undefined
  /** Reads forward from this byte. */
  readonly offset?: number | undefined
  /** Reads what stands before this byte. */
  readonly before?: number | undefined
  /** Default 64 KiB, at most 1 MiB. */
  readonly maxBytes?: number | undefined
}

/** Answer of `read_log`, as the Python platform has it. Places are bytes from the start of the file. */
export interface LogPart {
  readonly lines: readonly string[]
  readonly start_offset: number
  readonly next_offset: number
  readonly previous_offset: number
  readonly total_bytes: number
  readonly file_id: string
  readonly log_id: string
  readonly has_older: boolean
  readonly has_newer: boolean
}

export class LogFiles {
  readonly folder: string
  readonly #maxBytes: number
  /** What is done with each file. */
  readonly #turns = new OneByKey()

  constructor(folder: string, maxBytes = MAX_LOG_BYTES) {
    this.folder = folder
    this.#maxBytes = maxBytes
  }

  /** @throws VolttronError `system` */
  prepare(): void {
    for (const folder of [this.folder, join(this.folder, AGENTS)]) {
      try {
        makeFolder(folder, FOLDER_MODE)
      } catch (error) {
        throw fileError(`cannot make the folder ${folder}`, error)
      }
    }
  }

  /** How much is kept of one log, as the Python platform tells it. */
  get retention(): { max_file_bytes: number; backup_count: number; max_total_bytes: number } {
    const max_file_bytes = this.#maxBytes
    return { max_file_bytes, backup_count: KEPT_LOGS, max_total_bytes: max_file_bytes * (KEPT_LOGS + 1) }
  }

  ofAgent(identity: string): string {
    return join(this.folder, AGENTS, `${identity}.log`)
  }

  get ofInstallations(): string {
    return join(this.folder, INSTALLATIONS)
  }

  /** Adds to the log of installations; several may at the same time. @throws VolttronError `system` */
  writeInstallation(text: string): Promise<void> {
    const path = this.ofInstallations
    return this.#inTurn(path, `cannot write ${path}`, async () => {
      if (await this.#isTooLarge(path)) await putAside(path)
      await appendFile(path, text, { mode: 0o600 })
    })
  }

  /** Puts the log of an agent that does not run aside when it has grown too large: nothing is lost. @throws VolttronError `system` */
  prepareAgent(identity: string): Promise<void> {
    const path = this.ofAgent(identity)
    return this.#inTurn(path, `cannot put ${path} aside`, async () => {
      if (await this.#isTooLarge(path)) await putAside(path)
    })
  }

  /** Puts the log of an agent that runs aside when it has grown too large. @throws VolttronError `system` */
  rotateAgent(identity: string): Promise<void> {
    const path = this.ofAgent(identity)
    return this.#inTurn(path, `cannot put ${path} aside`, async () => {
      if (await this.#isTooLarge(path)) await copyAside(path)
    })
  }

  /** @throws VolttronError `system` */
  removeAgent(identity: string): Promise<void> {
    const path = this.ofAgent(identity)
    return this.#inTurn(path, `cannot remove ${path}`, async () => {
      await Promise.all([path + UNFINISHED, ...versionsOf(path)].map((version) => rm(version, { force: true })))
    })
  }

  async list(): Promise<LogRow[]> {
    const names = await readdir(this.folder, { recursive: true }).catch(() => [])
    const rows = await Promise.all(names.map((name) => this.#row(name)))
    return rows.flatMap((row) => row ?? []).sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  /**
   * Some lines of a log.
   *
   * @param id of a row of {@link list}, or its name
   * @throws VolttronError `not-found`, `system`
   */
  async read(id: string, options: ReadLogOptions = {}): Promise<LogPart> {
    const row = (await this.list()).find((known) => known.id === id || known.name === id)
    if (!row) throw new VolttronError('not-found', `there is no log '${id.slice(0, 200)}'`)
    const path = join(this.folder, row.name)
    try {
      const file = await open(path)
      try {
        const total = (await file.stat()).size
        const part = place(total, options)
        const { bytesRead, buffer } = await file.read(
          Buffer.alloc(part.end - part.start),
          0,
          part.end - part.start,
          part.start,
        )
        return partOf(row, part, total, buffer.subarray(0, bytesRead), options)
      } finally {
        await file.close()
      }
    } catch (error) {
      throw fileError(`cannot read ${path}`, error)
    }
  }

  async #row(name: string): Promise<LogRow | undefined> {
    const found = await stat(join(this.folder, name)).catch(() => undefined)
    if (!found?.isFile()) return undefined
    return {
      id: shortHash(name),
      name,
      file_id: shortHash(`${found.dev}:${found.ino}`),
      size_bytes: found.size,
      modified: found.mtimeMs / 1000,
      is_active: name.endsWith('.log'),
    }
  }

  /** Nothing else is done with the file meanwhile. */
  #inTurn(path: string, problem: string, work: () => Promise<void>): Promise<void> {
    return this.#turns.run(path, () =>
      work().catch((error) => {
        throw fileError(problem, error)
      }),
    )
  }

  async #isTooLarge(path: string): Promise<boolean> {
    try {
      return (await stat(path)).size > this.#maxBytes
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    }
  }
}

/** Gives a file that nobody writes the name of the newest of those put aside. */
async function putAside(path: string): Promise<void> {
  await makeRoom(path)
  await rename(path, newestOf(path))
}

/** Copies a file that is being written, and empties it. */
async function copyAside(path: string): Promise<void> {
  // On a disk that is full this makes the room for the copy; nothing else is touched until that is done.
  await rm(versionsOf(path).at(-1)!, { force: true })
  const copy = path + UNFINISHED
  const source = await open(path, 'r+')
  try {
    const target = await open(copy, 'w', 0o600)
    try {
      const copied = await copyMost(source, target).catch(async (error) => {
        await rm(copy, { force: true })
        throw error
      })
      await makeRoom(path)
      // Before it is emptied: whenever we are killed, all of it is there, at worst twice.
      await rename(copy, newestOf(path))
      copyRestAndEmpty(source.fd, target.fd, copied)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Copies what is there, and what comes meanwhile. @returns how many bytes */
async function copyMost(source: FileHandle, target: FileHandle): Promise<number> {
  const chunk = Buffer.alloc(COPY_BYTES)
  // A writer that is faster than we must not keep us here for ever.
  const enough = 2 * (await source.stat()).size
  let copied = 0
  while (copied < enough) {
    const { bytesRead } = await source.read(chunk, 0, COPY_BYTES, copied)
    if (bytesRead === 0) break
    await target.writeFile(chunk.subarray(0, bytesRead))
    copied += bytesRead
  }
  return copied
}

/**
 * What has come since, and the end of it, in one go: whatever is printed between the last look and the next instruction is
 * lost, and that is microseconds. No call of the system does both at once.
 */
function copyRestAndEmpty(source: number, target: number, from: number): void {
  const chunk = Buffer.alloc(COPY_BYTES)
  const enough = 2 * fstatSync(source).size
  let copied = from
  do {
    const bytes = readSync(source, chunk, 0, COPY_BYTES, copied)
    for (let written = 0; written < bytes; ) written += writeSync(target, chunk, written, bytes - written)
    copied += bytes
  } while (fstatSync(source).size > copied && copied < enough)
  ftruncateSync(source)
}

/** Those put aside become one older each; the oldest goes. */
async function makeRoom(path: string): Promise<void> {
  const chain = versionsOf(path).slice(1)
  for (let age = chain.length - 1; age > 0; age--) {
    await rename(chain[age - 1]!, chain[age]!).catch((error) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
  }
}

const newestOf = (path: string): string => versionsOf(path)[1]!

/** The file that is written, then those put aside, the newest first. */
const versionsOf = (path: string): string[] => [
  path,
  ...Array.from({ length: KEPT_LOGS }, (_, age) => `${path}.${age + 1}`),
]

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

interface Place {
  readonly start: number
  readonly end: number
}

function place(total: number, { offset, before, maxBytes = DEFAULT_READ_BYTES }: ReadLogOptions): Place {
  const bytes = clamp(maxBytes, 1, MAX_READ_BYTES)
  if (before !== undefined) {
    const end = clamp(before, 0, total)
    return { start: Math.max(0, end - bytes), end }
  }
  if (offset === undefined) return { start: Math.max(0, total - bytes), end: total }
  const start = clamp(offset, 0, total)
  return { start, end: Math.min(total, start + bytes) }
}

/** Only whole lines: half a line at the start belongs to an older part, one at the end to a later one. */
function partOf(row: LogRow, { start, end }: Place, total: number, bytes: Buffer, options: ReadLogOptions): LogPart {
  const isForward = options.before === undefined && options.offset !== undefined
  const from = isForward || start === 0 ? 0 : bytes.indexOf(0x0a) + 1
  const isCut = isForward && end < total
  const to = isCut && bytes.includes(0x0a) ? bytes.lastIndexOf(0x0a) + 1 : bytes.length
  const text = bytes.toString('utf8', from, to)
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const isTail = options.before === undefined && options.offset === undefined
  return {
    lines: isTail ? lines.slice(-clamp(options.tail ?? DEFAULT_TAIL_LINES, 1, MAX_TAIL_LINES)) : lines,
    start_offset: start + from,
    next_offset: start + to,
    previous_offset: start + from,
    total_bytes: total,
    file_id: row.file_id,
    log_id: row.id,
    has_older: start + from > 0,
    has_newer: start + to < total,
  }
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, Math.trunc(value)))
