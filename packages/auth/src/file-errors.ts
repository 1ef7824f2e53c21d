/** Turns errors of the file system into one line a person can act on. */
import { VolttronError } from '@volttron/vip'

const REASONS: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ENOSPC: ['the disk is full', 'free some space and start again'],
  EDQUOT: ['the disk quota is used up', 'free some space and start again'],
  EACCES: ['permission denied', 'check the owner and the mode of the folder'],
  EPERM: ['operation not permitted', 'check the owner and the mode of the folder'],
  EROFS: ['the file system is read-only', 'mount it writable'],
  ENOENT: ['no such file or folder'],
  ENOTDIR: ['a part of the path is a file, not a folder'],
  EISDIR: ['it is a folder, not a file'],
  EEXIST: ['it exists already'],
  ELOOP: ['too many symbolic links'],
  ENAMETOOLONG: ['the path is too long', 'use a folder with a shorter path'],
  EMFILE: ['too many open files', 'raise the limit with ulimit -n'],
  ENFILE: ['too many open files in the system'],
  EIO: ['the disk reports an input/output error'],
  EINVAL: ['the file system refuses this'],
  ENOTSUP: ['the file system does not support this'],
}

/** The error code of Node, such as `ENOENT`; `undefined` for anything else that was thrown. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * @param doing what failed, with the path: `cannot write /x/y`
 * @returns code `system`, or the error itself when it already is one for people
 */
export function fileError(doing: string, error: unknown): VolttronError {
  if (error instanceof VolttronError) return error
  const code = errorCode(error)
  const [reason, hint] = REASONS[code ?? ''] ?? [code ?? (error instanceof Error ? error.message : String(error))]
  return new VolttronError('system', `${doing}: ${reason}`, { cause: error, ...(hint ? { hint } : {}) })
}
