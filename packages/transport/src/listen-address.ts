/** Opens a listening socket on a VIP address, and says in one line why it cannot. */
import { unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { formatAddress, type VipAddress, VolttronError } from '@volttron/vip'
import { PIPE_BYTES } from './inner-socket.ts'
import { hasAbstractSockets, isAbstract, nodePath } from './local-path.ts'

/** The longest path a unix socket can have on Linux; macOS has 104. */
const MAX_PATH_BYTES = 103

/** Connections the kernel may hold for us (it has its own, often lower limit): one too many costs its client a second. */
const BACKLOG = 4_096

export interface Listener {
  readonly server: Server
  /** The address with the port the system chose. */
  readonly bound: VipAddress
}

/** @throws VolttronError `system` or `usage`, naming the address and what to do */
export async function listenOn(address: VipAddress, onSocket: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    highWaterMark: PIPE_BYTES,
    // Nothing is read before somebody wants it.
    pauseOnConnect: true,
  })
  server.on('connection', onSocket)
  if (address.scheme === 'ipc') {
    await listenOnPath(server, address)
    return { server, bound: address }
  }
  const host = address.host === '*' ? '::' : address.host
  try {
    await listening(server, { host, port: address.port })
  } catch (error) {
    if (address.host !== '*' || (error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw explain(address, error)
    // A machine without IPv6.
    await listening(server, { host: '0.0.0.0', port: address.port }).catch((cause) =>
      Promise.reject(explain(address, cause)),
    )
  }
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : address.port
  return { server, bound: { scheme: 'tcp', host: address.host, port } }
}

async function listenOnPath(server: Server, address: VipAddress & { scheme: 'ipc' }): Promise<void> {
  const { path } = address
  if (isAbstract(path) && !hasAbstractSockets)
    throw new VolttronError(
      'usage',
      `cannot listen on ${formatAddress(address)}: abstract sockets need Linux and Node 22`,
      {
        hint: 'use a path without @',
      },
    )
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new VolttronError(
      'usage',
      `cannot listen on ${formatAddress(address)}: the path is longer than a socket's may be`,
      {
        hint: `use at most ${MAX_PATH_BYTES} bytes`,
      },
    )
  try {
    await listening(server, { path: nodePath(path) })
  } catch (error) {
    const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    // An abstract name ends with its process.
    if (!isInUse || isAbstract(path) || (await isServed(path))) throw explain(address, error)
    // Left over by a process that was killed.
    unlinkSync(path)
    await listening(server, { path }).catch((cause) => Promise.reject(explain(address, cause)))
  }
}

export const listening = (server: Server, options: object): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...options, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** Whether somebody listens on the path. */
export const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    probe.once('connect', () => probe.destroy())
  })

function explain(address: VipAddress, cause: unknown): VolttronError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const [why, hint] = reasons[code] ?? [code || String(cause), 'check the address']
  return new VolttronError('system', `cannot listen on ${formatAddress(address)}: ${why}`, { hint, cause })
}

const reasons: Record<string, [why: string, hint: string]> = {
  EADDRINUSE: ['the address is in use', 'stop the other process or choose another port'],
  EADDRNOTAVAIL: ['no interface of this machine has that address', 'use an address of this machine, or *'],
  EACCES: ['permission denied', 'use a port above 1023, or a folder this user may write'],
  ENOTFOUND: ['the host name is not known', 'use an address of this machine, or *'],
  EAI_AGAIN: ['the host name cannot be looked up now', 'use a numeric address'],
  EAFNOSUPPORT: ['this machine does not speak that kind of address', 'use an IPv4 address'],
  EINVAL: ['the address is not usable here', 'a link-local address needs its interface: fe80::1%eth0'],
  ENOENT: ['the folder does not exist', 'create it first'],
}
