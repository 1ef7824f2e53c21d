/** `VOLTTRON_HOME/VOLTTRON_PID`: there while the platform is ready. A sign for others, never a lock. */
import { readFile, rm } from 'node:fs/promises'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'

/** Says that the platform is ready. @throws VolttronError `system` */
export async function writePidFile(path: string, pid = process.pid): Promise<void> {
  try {
    await replaceFile(path, `${pid}`, { mode: 0o644 })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}

/**
 * Removes what an earlier run left. Called by the holder of the lock, so whatever the file says is out of date, even when
 * another process has that number by now.
 *
 * @throws VolttronError `system`
 */
export async function removeStalePidFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (error) {
    throw fileError(`cannot remove ${path}`, error)
  }
}

/** Removes the file at the end, if it is still ours. Never throws: the process ends anyway. */
export async function removeOwnPidFile(path: string, pid = process.pid): Promise<void> {
  if ((await readPidFile(path)) === pid) await rm(path, { force: true }).catch(() => {})
}

/** The number in the file; `undefined` when there is none. */
export async function readPidFile(path: string): Promise<number | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}
