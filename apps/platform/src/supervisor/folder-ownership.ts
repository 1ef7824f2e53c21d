/**
 * Folders that are lent to another user, and taken back. Whoever could write in a folder may have put anything into it and
 * may still hold it open, so that nothing in it is trusted before it is ours again: it is taken from the top down, and as
 * soon as a folder is ours, nobody can exchange what is in it behind our back.
 */
import { constants } from 'node:fs'
import { chmod, copyFile, lchown, lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { VolttronError } from '@volttron/vip'

/** A user of the system, by numbers. */
export interface AgentUser {
  readonly uid: number
  readonly gid: number
}

const OWNER_ALL = 0o700
/** Without a right to write for anybody else, and without those that make a program run as its owner. */
const READ_ONLY_TO_OTHERS = 0o755

/** Whom something is lent to, and what of it never comes back: it is removed in the end. */
export interface Borrower {
  readonly user: AgentUser | undefined
  readonly scratch: string
}

/**
 * Lends a folder to another user for as long as the work takes; to nobody when there is none.
 *
 * @throws what the work does; VolttronError `bad-data` when what comes back cannot be taken
 */
export async function lent<T>(path: string, { user, scratch }: Borrower, work: () => Promise<T>): Promise<T> {
  if (!user) return await work()
  await lend(scratch, user)
  await lend(path, user)
  const result = await work()
  await takeBack(path, user)
  return result
}

/** Gives a folder that is ours, with all that is in it, to another user. The folder itself goes last. */
export async function lend(path: string, user: AgentUser): Promise<void> {
  if ((await lstat(path)).isDirectory()) for (const name of await readdir(path)) await lend(join(path, name), user)
  await lchown(path, user.uid, user.gid)
}

/**
 * Makes a folder ours that was lent. What stands above it has to be ours.
 *
 * @throws VolttronError `bad-data` when there is something in it that was not the user's to put there
 */
export async function takeBack(path: string, user: AgentUser): Promise<void> {
  const found = await lstat(path)
  const { uid, gid } = self()
  if (found.uid !== user.uid && found.uid !== uid) {
    throw new VolttronError('bad-data', `${path} belongs to somebody else`)
  }
  if (!found.isDirectory() && found.nlink > 1) return await replaceByCopy(path, found.uid === user.uid)
  await lchown(path, uid, gid)
  if (found.isSymbolicLink()) return
  const owner = found.isDirectory() ? OWNER_ALL : constants.S_IRUSR | constants.S_IWUSR
  await chmod(path, (found.mode | owner) & READ_ONLY_TO_OTHERS)
  if (found.isDirectory()) for (const name of await readdir(path)) await takeBack(join(path, name), user)
}

/** Removes a folder in which somebody else may write at this moment. What stands above it has to be ours. */
export async function removeTree(path: string): Promise<void> {
  await seal(path)
  await rm(path, { recursive: true, force: true, maxRetries: 5 })
}

/** A file with a second name, which may lie anywhere: only this one is ours. */
async function replaceByCopy(path: string, isOfUser: boolean): Promise<void> {
  const found = await lstat(path)
  if (!isOfUser || !found.isFile()) throw new VolttronError('bad-data', `${path} is a link to a file of somebody else`)
  const copy = `${path}.copy`
  await copyFile(path, copy, constants.COPYFILE_EXCL)
  await chmod(copy, (found.mode | constants.S_IRUSR | constants.S_IWUSR) & READ_ONLY_TO_OTHERS)
  await rename(copy, path)
}

async function seal(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isDirectory()) return
  const { uid, gid } = self()
  if (found.uid !== uid && uid === 0) await lchown(path, uid, gid)
  // A folder nobody may write in cannot be emptied either.
  if ((found.mode & 0o777) !== OWNER_ALL) await chmod(path, OWNER_ALL).catch(() => {})
  for (const name of await readdir(path).catch(() => [])) await seal(join(path, name))
}

/** The platform runs where there are users. */
const self = (): AgentUser => ({ uid: process.getuid!(), gid: process.getgid!() })
