/** Finds out why a connection could not be made; libzmq only says that it was not. */
import { connect, type Socket } from 'node:net'
import { parseAddress, VolttronError } from '@volttron/vip'
import { nodePath } from './local-path.ts'

const PROBE_MS = 2_000

/** The error of a plain connect to a numeric endpoint; `undefined` when that works by now, so that another dial will. */
export async function probe(endpoint: string, name: string): Promise<VolttronError | undefined> {
  const socket = connectTo(endpoint)
  const code = await new Promise<string | undefined>((resolve) => {
    socket.once('connect', () => resolve(undefined))
    socket.once('timeout', () => resolve('ETIMEDOUT'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  socket.destroy()
  if (code === undefined) return undefined
  return new VolttronError('unavailable', `cannot reach ${name}: ${reasons[code] ?? code}`, {
    hint: 'check the address, and that the platform is running',
  })
}

/** A plain connect to a numeric endpoint, which gives up after 2 s of silence. */
export function connectTo(endpoint: string): Socket {
  const address = parseAddress(endpoint)
  const target =
    address.scheme === 'ipc' ? { path: nodePath(address.path) } : { host: address.host, port: address.port }
  const socket = connect({ ...target, timeout: PROBE_MS })
  socket.on('error', () => {})
  return socket
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'there is no such socket',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  EADDRNOTAVAIL: 'the address is not usable from here',
  ETIMEDOUT: 'connecting timed out',
  EACCES: 'permission denied',
}
