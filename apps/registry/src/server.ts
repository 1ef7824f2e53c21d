/** The HTTP or HTTPS server: listens, and stops so that every request in work is answered. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describeError, VolttronError } from '@volttron/vip'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
}

/** How long a client may take to send its request; a slow one must not hold a connection for ever. */
const REQUEST_TIMEOUT_MS = 15_000
const MAX_CONNECTIONS = 10_000

/** @throws VolttronError `config` when certificate or key are unusable, `system` when the port cannot be had */
export async function listen(listener: RequestListener, { host, port, tls }: ListenOptions): Promise<Server> {
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }
  let server: Server
  try {
    server = tls
      ? createTlsServer({ ...timeouts, ...tls, minVersion: 'TLSv1.2' }, listener)
      : createServer(timeouts, listener)
  } catch (error) {
    throw new VolttronError('config', `certificate and key cannot be used: ${describeError(error)}`, {
      hint: 'give PEM files that belong together with --tls-cert and --tls-key',
      cause: error,
    })
  }
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, host, port)))
    server.listen(port, host, resolve)
  })
  return server
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): VolttronError {
  if (error.code === 'EADDRINUSE') {
    return new VolttronError('system', `port ${port} on ${host} is in use`, {
      hint: 'stop the other program, or give another port: volttron-platform-lookup PORT',
      cause: error,
    })
  }
  return new VolttronError('system', `cannot listen on ${host} port ${port}: ${error.message}`, { cause: error })
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** Stops taking connections, waits for requests in work up to `deadlineMs`, then cuts what is left. */
export async function stopServer(server: Server, deadlineMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), deadlineMs)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(cut)
}
