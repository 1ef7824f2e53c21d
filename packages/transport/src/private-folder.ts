/**
 * The folder of the inner sockets' paths: nobody but the platform's user gets in.
 *
 * Each connection makes and removes a path. ext4 looks for a new inode past all that were removed within a minute, so under
 * a storm of connections that took a third of the time; the folder is in memory where there is a place for that. What a
 * killed process left there would stay until the next boot: whoever makes a folder removes those that nobody serves.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isServed, listening } from './listen-address.ts'

/** Of Linux. */
const IN_MEMORY = '/dev/shm'
/** Short, because the path of a socket may have 103 bytes only. */
const PREFIX = 'vip-'
/** A socket that is served as long as the owner of the folder lives; a process id would say nothing to another container. */
const SIGN_OF_LIFE = 'alive'
/** A folder may be so new that its sign of life is still to come. */
const OLD_MS = 10 * 60_000

export class PrivateFolder {
  readonly path: string
  readonly #signOfLife: Server

  private constructor(path: string, signOfLife: Server) {
    this.path = path
    this.#signOfLife = signOfLife
  }

  static async make(): Promise<PrivateFolder> {
    const [path, place] = makeFolder()
    await removeAbandoned(place)
    const signOfLife = createServer((socket) => socket.destroy())
    await listening(signOfLife, { path: join(path, SIGN_OF_LIFE) })
    return new PrivateFolder(path, signOfLife)
  }

  remove(): void {
    this.#signOfLife.close()
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** mkdtemp makes it 0700. The process id is for people, and for tests that look for what they left. */
function makeFolder(): [path: string, place: string] {
  const name = `${PREFIX}${process.pid}-`
  try {
    return [mkdtempSync(join(IN_MEMORY, name)), IN_MEMORY]
  } catch {
    // No such place on this system.
    return [mkdtempSync(join(tmpdir(), name)), tmpdir()]
  }
}

async function removeAbandoned(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(place, name)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isDirectory() || found.uid !== process.getuid?.() || Date.now() - found.mtimeMs < OLD_MS) continue
    if (await isServed(join(path, SIGN_OF_LIFE))) continue
    rmSync(path, { recursive: true, force: true })
  }
}
