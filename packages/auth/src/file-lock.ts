/** One writer at a time, among processes too: two edits in the same moment must not undo each other. */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { VolttronError } from '@volttron/vip'
import { errorCode, fileError } from './file-errors.ts'

/** An edit takes milliseconds. */
const LONGEST_WAIT_MS = 10_000
const RETRY_MS = 20
/** Edits of this process, by path: they wait here for each other, in order. */
const queues = new Map<string, Promise<unknown>>()

/**
 * Does `work` while nobody else holds the lock of the file `path`, which is the file `<path>.lock` with the holder's process
 * id. A lock whose process has died is taken away.
 *
 * @throws VolttronError `timeout` when another process keeps the lock, `system`, or what the work throws
 */
export function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(path) ?? Promise.resolve()).then(() => locked(path, work))
  const settled = turn.then(
    () => {},
    () => {},
  )
  queues.set(path, settled)
  settled.then(() => {
    if (queues.get(path) === settled) queues.delete(path)
  })
  return turn
}

async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  for (let waitedMs = 0; !(await tryLock(lock)); waitedMs += RETRY_MS) {
    if (waitedMs >= LONGEST_WAIT_MS) {
      throw new VolttronError('timeout', `another process is editing ${path}`, { hint: `if not, remove ${lock}` })
    }
    await delay(RETRY_MS)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function tryLock(lock: string): Promise<boolean> {
  // The lock appears with its holder in it, or not at all: on a full disk an empty one would stay for ever.
  const unfinished = `${lock}.${process.pid}`
  try {
    await writeFile(unfinished, `${process.pid}`, { mode: 0o600 })
    await link(unfinished, lock)
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw fileError(`cannot write ${lock}`, error)
    if (await isLeftBehind(lock)) await rm(lock, { force: true })
    return false
  } finally {
    await rm(unfinished, { force: true }).catch(() => {})
  }
}

async function isLeftBehind(lock: string): Promise<boolean> {
  const text = await readFile(lock, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const owner = Number(text)
  // A lock with our own id is of a process before us that had the same one: ours wait in the queue. An empty one is what a
  // power failure leaves.
  return owner === process.pid || !(owner > 0) || !isAlive(owner)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
