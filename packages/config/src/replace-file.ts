import { randomBytes } from 'node:crypto'
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'

export interface ReplaceFileOptions {
  /** default: that of the file that is there, or else what the process gives to new ones */
  readonly mode?: number
}

/**
 * Replaces a file as a whole, or makes it: whoever reads it, be it after a power failure, finds the old content or the new. A
 * link stays one, and the owner of the file stays its owner.
 *
 * Every byte is asked for: on a disk that fills up a single write takes a part without a word, and half a file would take the
 * place of a good one.
 *
 * @throws the error of the file system; the file is as it was then
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode }: ReplaceFileOptions = {},
): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const present = await stat(target).catch(() => undefined)
  const unfinished = `${target}.${randomBytes(5).toString('hex')}`
  try {
    const file = await open(unfinished, 'wx', mode ?? 0o666)
    try {
      await file.writeFile(content)
      if (present) await giveTo(present, file)
      const wanted = mode ?? present?.mode
      if (wanted !== undefined) await file.chmod(wanted & 0o7777)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, target)
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {})
    throw error
  }
}

/** Root writes into the home of another user as well; anybody else owns what he writes. */
async function giveTo({ uid, gid }: { uid: number; gid: number }, file: FileHandle): Promise<void> {
  if (process.getuid?.() === 0 && (uid !== 0 || gid !== process.getgid?.())) await file.chown(uid, gid)
}
