/**
 * Paths of local sockets. `@name` is a name in the abstract namespace of Linux, as libzmq writes it: no file, gone with its
 * process, and open to every user of the machine. The Python platform's local socket is one.
 */

export const isAbstract = (path: string): boolean => path.startsWith('@')

/** Older versions of libuv, as in Node 20, fill such a name up with zeros: libzmq never finds it (seen). */
const LIBUV_WITH_NAMES = 51

/** Whether abstract names mean the same to `node:net` and to libzmq here. */
export const hasAbstractSockets =
  process.platform === 'linux' && Number(process.versions.uv.split('.')[1]) >= LIBUV_WITH_NAMES

/** The path as `node:net` takes it. */
export const nodePath = (path: string): string => (isAbstract(path) ? `\0${path.slice(1)}` : path)
