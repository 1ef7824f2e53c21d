/** One writer at a time: two commands that add rights in the same moment must not undo each other. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { errorCode, fileError } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import { isAlive } from './process-alive.ts'
import { waitUntil } from './wait-until.ts'

/** An edit takes milliseconds. */
const LONGEST_WAIT_MS = 10_000

/**
 * Does `work` while nobody else holds the lock of the file `path`. A lock whose process has died is taken away.
 *
 * @throws VolttronError `timeout` when another process keeps the lock, `system`
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  if (!(await waitUntil(() => tryLock(lock), LONGEST_WAIT_MS)))
    throw new VolttronError('timeout', `another process is editing ${path}`, { hint: `if not, remove ${lock}` })
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}`, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw fileError(`cannot write ${lock}`, error)
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
    if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true })
    return false
  }
}
