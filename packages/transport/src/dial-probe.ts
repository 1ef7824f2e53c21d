/** Finds out why a connection could not be made; libzmq only says that it was not. */
import { connect, type Socket } from 'node:net'
import { parseAddress, VolttronError } from '@volttron/vip'
import { curveGreeting, judgeGreeting } from './zmtp-greeting.ts'

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

/** True when whoever is there answers our greeting with that of a CURVE server, and so knows us, but not our server key. */
export async function speaksCurve(endpoint: string): Promise<boolean> {
  const socket = connectTo(endpoint)
  let answer = Buffer.alloc(0)
  await new Promise<void>((resolve) => {
    socket.once('connect', () => socket.write(curveGreeting))
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      const state = judgeGreeting(answer)
      if (state === 'complete' || state === 'invalid') resolve()
    })
    for (const end of ['timeout', 'error', 'close']) socket.once(end, () => resolve())
  })
  socket.destroy()
  return judgeGreeting(answer) === 'complete'
}

function connectTo(endpoint: string): Socket {
  const address = parseAddress(endpoint)
  const target = address.scheme === 'ipc' ? { path: address.path } : { host: address.host, port: address.port }
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
