/**
 * `VOLTTRON_HOME/authz.json`: puts its rules in force, now and whenever the file changes.
 *
 * In doubt it denies: a file that cannot be understood at start locks the platform to its own identities until it is
 * mended; one that goes bad later leaves the last good rules in force. A file that is bad is never touched.
 */
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { replaceFile } from '@volttron/config'
import { VolttronError } from '@volttron/vip'
import { Authorization } from './authorization.ts'
import type { AuthzChange, AuthzJson } from './authz-changes.ts'
import { readAuthzDocument } from './authz-document.ts'
import { DEFAULT_AUTHZ } from './default-rules.ts'
import { errorCode, fileError } from './file-errors.ts'
import { withFileLock } from './file-lock.ts'
import { FileWatch, type FileWatchOptions } from './file-watch.ts'

const MAX_FILE_BYTES = 16 * 1024 * 1024

export interface AuthzReport {
  readonly level: 'info' | 'warn' | 'error'
  /** One line. */
  readonly message: string
}

export interface AuthzFile {
  readonly authorization: Authorization
  /**
   * Changes the file, and puts the new rules in force before it resolves.
   *
   * @returns false when there was nothing to change
   * @throws VolttronError `bad-data` for rules that cannot be understood, before or after the change, `timeout` when somebody
   *   else keeps the file locked, `system`, or what the change itself throws; nothing has changed then
   */
  edit(change: AuthzChange): Promise<boolean>
  /** Looks at the file now. */
  rescan(): Promise<void>
  close(): Promise<void>
}

/**
 * Loads the rules, or writes the default ones when there is no file, and watches.
 *
 * @throws VolttronError `system` when a missing file cannot be written
 */
export async function openAuthzFile(
  path: string,
  report: (report: AuthzReport) => void,
  options: FileWatchOptions = {},
): Promise<AuthzFile> {
  const authorization = new Authorization({ locked: true })
  let inForce: string | undefined
  let complained: string | undefined

  const complain = (error: unknown) => {
    const { message } = fileError(`cannot read ${path}`, error)
    if (message === complained) return
    complained = message
    const effect =
      inForce === undefined ? 'only the platform itself may do anything' : 'the last good rules stay in force'
    report({ level: 'error', message: `${message}: ${effect} until the file is mended` })
  }
  const look = async () => {
    try {
      const text = await readText(path)
      if (text === inForce) {
        complained = undefined
        return
      }
      const warnings = apply(authorization, text, path)
      if (inForce !== undefined || complained !== undefined)
        report({ level: 'info', message: `${path}: new rules in force` })
      for (const warning of warnings) report({ level: 'warn', message: `${path}: ${warning}` })
      inForce = text
      complained = undefined
    } catch (error) {
      complain(error)
    }
  }
  try {
    await stat(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(`cannot read ${path}`, error)
    await writeDefaults(path)
  }
  await look()
  const watch = new FileWatch(dirname(path), look, { ...options, fileName: basename(path) })
  return {
    authorization,
    async edit(change) {
      // Of a file that somebody has taken away the rules are still in force: the defaults would lift what it protected.
      const isChanged = await editAuthzFile(path, change, inForce)
      if (isChanged) await watch.rescan()
      return isChanged
    },
    rescan: () => watch.rescan(),
    close: () => watch.close(),
  }
}

/**
 * Changes the rules in the file; a running platform notices by itself.
 *
 * @param absent what a missing file counts as; default: the default rules
 * @returns false when there was nothing to change
 * @throws what {@link AuthzFile.edit} throws
 */
export const editAuthzFile = (
  path: string,
  change: AuthzChange,
  absent = JSON.stringify(DEFAULT_AUTHZ),
): Promise<boolean> =>
  withFileLock(path, async () => {
    const present = await readText(path).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return absent
      throw fileError(`cannot read ${path}`, error)
    })
    // Compiled before and after, because a change must neither build on ruins nor leave any.
    const document = understood(present, path)
    const next = change(document)
    if (!next) return false
    const text = `${JSON.stringify(next, null, 2)}\n`
    understood(text, path)
    await write(path, text)
    return true
  })

/** @throws VolttronError `bad-data` unless the platform could put these rules in force */
function understood(text: string, path: string): AuthzJson {
  apply(new Authorization(), text, path)
  return JSON.parse(text) as AuthzJson
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > MAX_FILE_BYTES) throw new VolttronError('bad-data', `${path} is too large`)
  return await readFile(path, 'utf8')
}

/** Puts the rules of `text` in force. @throws VolttronError `bad-data`, and nothing has changed */
function apply(authorization: Authorization, text: string, path: string): readonly string[] {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new VolttronError('bad-data', `${path} is no valid JSON`, { cause: error })
  }
  try {
    return authorization.replace(readAuthzDocument(json))
  } catch (error) {
    if (!(error instanceof VolttronError)) throw error
    throw new VolttronError('bad-data', `${path}: ${error.message}`, { cause: error })
  }
}

const writeDefaults = (path: string) => write(path, `${JSON.stringify(DEFAULT_AUTHZ, null, 2)}\n`)

async function write(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text, { mode: 0o600 })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}
