/**
 * One daemon per VOLTTRON_HOME, for certain, and no obstacle after kill -9.
 *
 * Node has no file locks, so a lock is a local socket that somebody listens on: the kernel closes it with the process,
 * however that ends, and a dead one refuses connections. Each contender listens on a socket of its own, under a random name
 * that is never used again, and takes the lock when a look at the folder, made after its own socket could be seen, shows no
 * other live one. So of two contenders the later one always sees the earlier one, and both never hold the lock.
 *
 * ```
 * contend: listen on .lock-x.tmp, rename to lock-x.sock   (visible only when it answers)
 *   look:  dead sockets are removed
 *          a holder, or one that does not answer: refused
 *          a contender with a smaller name: refused; with a larger name: look again, it gives way
 *          nobody: hold
 * ```
 * Works for root and in containers that share a folder on one kernel; not between machines that share one over a network.
 */
import { randomBytes } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errorCode, fileError } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'

export interface HomeLock {
  /** Gives the lock back. Idempotent. */
  release(): Promise<void>
}

type State = 'contending' | 'holding'
type Answer =
  | { readonly kind: State; readonly name: string; readonly pid: number | undefined }
  /** Nobody listens any more. */
  | { readonly kind: 'dead'; readonly name: string }
  /** Died or gave way while we asked: look again. */
  | { readonly kind: 'unclear'; readonly name: string }

const LOCK_NAME = /^lock-[0-9a-f]{16}\.sock$/
/** Longest path of a local socket on macOS; Linux allows 107. */
const MAX_SOCKET_PATH_BYTES = 103
/** A live process that says nothing for so long is stalled or stopped, and still holds its lock. */
const ANSWER_TIMEOUT_MS = 2_000
const LOOK_AGAIN_MS = 10

/**
 * @param folder exists, and belongs to the platform
 * @throws VolttronError `system`, naming the process that holds the lock; or when the folder takes no sockets
 */
export async function acquireHomeLock(folder: string, pid = process.pid): Promise<HomeLock> {
  const id = randomBytes(8).toString('hex')
  const name = `lock-${id}.sock`
  const path = join(folder, name)
  const temporary = join(folder, `.lock-${id}.tmp`)
  if (Buffer.byteLength(temporary) > MAX_SOCKET_PATH_BYTES) {
    throw new VolttronError('config', `the path ${folder} is too long for local sockets`, {
      hint: 'use a VOLTTRON_HOME with a shorter path',
    })
  }
  let state: State = 'contending'
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(`${pid} ${state}\n`)
  })
  const release = async () => {
    await rm(path, { force: true })
    await close(server)
  }
  try {
    await listen(server, temporary)
    await rename(temporary, path)
    await becomeHolder(folder, name)
  } catch (error) {
    await rm(temporary, { force: true })
    await release()
    throw fileError(`cannot lock ${folder}`, error)
  }
  state = 'holding'
  server.unref() // the lock keeps nobody alive
  return { release }
}

/** Resolves when nobody else contends or holds. @throws VolttronError `system` when somebody else comes first */
async function becomeHolder(folder: string, name: string): Promise<void> {
  for (;;) {
    const names = (await readdir(folder)).filter((file) => LOCK_NAME.test(file) && file !== name)
    const answers = await Promise.all(names.map((other) => ask(folder, other)))
    let isClear = true
    for (const answer of answers) {
      if (answer.kind === 'dead') await rm(join(folder, answer.name), { force: true })
      else if (answer.kind === 'holding' || (answer.kind === 'contending' && answer.name < name))
        throw inUse(answer.pid)
      else isClear = false
    }
    if (isClear) return
    await delay(LOOK_AGAIN_MS)
  }
}

const inUse = (pid: number | undefined) =>
  new VolttronError(
    'system',
    `another platform runs on this VOLTTRON_HOME${pid === undefined ? '' : `, process ${pid}`}`,
    { hint: 'stop it first, or use another VOLTTRON_HOME' },
  )

/** Asks the owner of a socket who it is. */
function ask(folder: string, name: string): Promise<Answer> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(join(folder, name))
    const settle = (answer: Answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => settle({ kind: 'holding', name, pid: undefined }))
    socket.on('data', (chunk) => {
      text = (text + chunk).slice(0, 100)
    })
    socket.on('end', () => {
      const [, pid, kind] = /^(\d+) (contending|holding)\n$/.exec(text) ?? []
      settle(kind ? { kind: kind as State, name, pid: Number(pid) } : { kind: 'unclear', name })
    })
    socket.on('error', (error) => {
      const code = errorCode(error)
      if (code === 'ECONNREFUSED' || code === 'ENOENT') settle({ kind: 'dead', name })
      else if (code === 'ECONNRESET' || code === 'EPIPE') settle({ kind: 'unclear', name })
      else settle({ kind: 'holding', name, pid: undefined })
    })
  })
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      // A failed accept (too many open files) must not end the platform; whoever asked sees a holder that says nothing.
      server.on('error', () => {})
      resolve()
    })
  })

const close = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()))
