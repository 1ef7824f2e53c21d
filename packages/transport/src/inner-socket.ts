/**
 * The CURVE end of one front-door connection: a Router of its own behind a path socket that nobody else can reach. Bytes come
 * to it through a pipe of ours, or straight from the client (side-door.ts).
 *
 * The path is unlinked as soon as our own connection stands. The listener itself stays: libzmq ends a listener's
 * connections together with it (tried with 4.3.5), so it cannot be unbound while the connection lives.
 */
import { unlinkSync } from 'node:fs'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type KeyPair, toZ85 } from '@volttron/vip'
import { context, Router } from 'zeromq'
import type { FrontDoorLimits } from './front-door-limits.ts'
import { onSocketEvents } from './socket-events.ts'

/** Without it libzmq lets everybody in when no ZAP handler answers (seen). Not in the typings of zeromq.js. */
const ZAP_ENFORCE_DOMAIN = 93
/** Messages libzmq may hold for a peer; the real queue is ours and counts bytes. */
export const SEND_HIGH_WATER_MARK = 32
export const RECEIVE_HIGH_WATER_MARK = 32
/**
 * The same on the side door. When the other end of a path socket is closed while this many wait, libzmq loses what is still
 * in the kernel, two hundred kilobytes at most: so many that a process which is killed takes nothing with it.
 */
export const SIDE_DOOR_HIGH_WATER_MARK = 1_000
/** Bytes one direction of the pipe may hold before the other side of it is paused. */
export const PIPE_BYTES = 256 * 1024

/** After the end of the bytes, for a Router that does not tell of it because nobody has read what came before. */
const LET_GO_MS = 1_000

/** The Router, and the two that watch it on the side door. */
const SOCKETS_PER_CONNECTION = 3

class EnforcingRouter extends Router {
  constructor(options: ConstructorParameters<typeof Router>[0]) {
    super(options)
    this.setBoolOption(ZAP_ENFORCE_DOMAIN, true)
  }
}

export interface InnerSocket {
  readonly router: Router
  /** Our end of the path socket: the ciphertext goes in and comes out here. Absent when the client connects by itself. */
  readonly bytes?: Socket
}

/** Lets libzmq have as many sockets as the limits need. Only the first call in a process has an effect. */
export function reserveSockets(limits: FrontDoorLimits): void {
  context.maxSockets = Math.max(context.maxSockets, limits.connections * SOCKETS_PER_CONNECTION + 64)
}

/** Makes the Router for one connection, and our pipe to it. Throws what libzmq throws when it has nothing left. */
export function openInnerSocket(...options: Parameters<typeof openInnerRouter>): Required<InnerSocket> {
  const [path] = options
  const router = openInnerRouter(...options)
  const bytes = connect({ path, highWaterMark: PIPE_BYTES } as NetConnectOpts)
  bytes.once('connect', () => unlinkQuietly(path))
  bytes.once('close', () => unlinkQuietly(path))
  return { router, bytes }
}

/** Makes the Router for one connection. Throws what libzmq throws when it has no sockets or descriptors left. */
export function openInnerRouter(
  path: string,
  domain: string,
  serverKeys: KeyPair,
  limits: FrontDoorLimits,
  receiveHighWaterMark = RECEIVE_HIGH_WATER_MARK,
): Router {
  const router = new EnforcingRouter({
    curveServer: true,
    curveSecretKey: toZ85(serverKeys.secretKey),
    zapDomain: domain,
    mandatory: true,
    linger: 0,
    sendTimeout: 0,
    sendHighWaterMark: SEND_HIGH_WATER_MARK,
    receiveHighWaterMark,
    maxMessageSize: limits.messageBytes,
    // The front door has its own, earlier limits; this one only ends what they forgot.
    handshakeInterval: limits.authenticateMs + limits.admissionMs + 1_000,
    heartbeatInterval: limits.heartbeatIntervalMs,
    heartbeatTimeout: limits.heartbeatTimeoutMs,
    heartbeatTimeToLive: limits.heartbeatTimeoutMs,
  })
  try {
    router.bindSync(`ipc://${path}`)
  } catch (error) {
    router.close()
    throw error
  }
  return router
}

/**
 * Closes the socket of a connection over which messages went: the bytes first, and the Router when libzmq has let go of
 * them. Closed together, libzmq 4.3.5 may end the process (`clean_pipes` in session_base.cpp, libzmq issue 3442): it cannot
 * bear that a connection breaks while its socket is being closed and a message of several frames is half on its way, as
 * it is to a client that has stopped reading.
 */
export function closeInnerSocket({ router, bytes }: InnerSocket): void {
  if (!bytes || bytes.closed) return router.close()
  const close = () => {
    clearTimeout(timer)
    router.close()
  }
  const timer = setTimeout(close, LET_GO_MS)
  try {
    onSocketEvents(router, (type) => {
      if (type === 'disconnect') close()
    })
  } catch {
    // No socket left to watch with: the time has to do.
  }
  bytes.destroy()
}

export function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or never made.
  }
}
