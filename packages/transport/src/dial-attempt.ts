/** One Dealer to one numeric endpoint, until it is connected or known to fail. */
import { type KeyPair, type PublicKey, toZ85 } from '@volttron/vip'
import type { Socket } from 'node:net'
import { Dealer, type EventType } from 'zeromq'
import type { Connection } from './connection.ts'
import { RECEIVE_HIGH_WATER_MARK, SEND_HIGH_WATER_MARK, SIDE_DOOR_HIGH_WATER_MARK } from './inner-socket.ts'
import { farewell, onFarewell } from './side-door.ts'
import { SocketConnection } from './socket-connection.ts'
import { onSocketEvents } from './socket-events.ts'

export interface AttemptOptions {
  readonly endpoint: string
  /** Of a side door: its end is the end of the platform. This attempt owns it. */
  readonly lifeline?: Socket | undefined
  /** The address as the user wrote it. */
  readonly remote: string
  readonly serverKey: PublicKey
  readonly keys: KeyPair
  readonly routingId: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly maxMessageBytes: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
}

export type AttemptOutcome =
  | { readonly kind: 'open'; readonly connection: Connection }
  /** Nobody accepts connections there. */
  | { readonly kind: 'unreachable' }
  /** The platform refused the key (ZAP 400). */
  | { readonly kind: 'denied' }
  /** The other side cut the connection before the handshake was through. */
  | { readonly kind: 'cut'; readonly afterMs: number }
  /** The time is over; `connected` when a connection stood and only the handshake did not go on. */
  | { readonly kind: 'silent'; readonly connected: boolean }
  | { readonly kind: 'aborted' }

/**
 * One socket object is one connection. libzmq's own "never" (-1) throws away what was received and not yet read when the
 * connection ends; with a day of delay it is kept, and the socket is closed long before.
 */
const NEVER_MS = 24 * 60 * 60 * 1_000

const ENDED = 'the peer closed the connection, or fell silent'
/** After the end of a lifeline within the handshake, the socket has so long to tell of its own end. */
const LAST_WORD_MS = 100

let lastDial = 0

export function attempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const socket = new Dealer({
    linger: 0,
    reconnectInterval: NEVER_MS,
    curveServerKey: toZ85(options.serverKey),
    curvePublicKey: toZ85(options.keys.publicKey),
    curveSecretKey: toZ85(options.keys.secretKey),
    ipv6: true,
    sendTimeout: 0,
    sendHighWaterMark: SEND_HIGH_WATER_MARK,
    receiveHighWaterMark: options.lifeline ? SIDE_DOOR_HIGH_WATER_MARK : RECEIVE_HIGH_WATER_MARK,
    maxMessageSize: options.maxMessageBytes,
    connectTimeout: Math.ceil(options.timeoutMs) + 1_000,
    handshakeInterval: Math.ceil(options.timeoutMs) + 1_000,
    heartbeatInterval: options.heartbeatIntervalMs,
    heartbeatTimeout: options.heartbeatTimeoutMs,
    heartbeatTimeToLive: options.heartbeatTimeoutMs,
    tcpKeepalive: 1,
    ...(options.routingId === undefined ? {} : { routingId: options.routingId }),
  })
  const { lifeline } = options
  return new Promise((resolve) => {
    let connectedAt: number | undefined
    let connection: SocketConnection | undefined
    let settled = false
    const settle = (outcome: AttemptOutcome): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', abort)
      if (outcome.kind !== 'open') {
        socket.close()
        lifeline?.destroy()
      }
      resolve(outcome)
    }
    const abort = (): void => settle({ kind: 'aborted' })
    const timer = setTimeout(() => settle({ kind: 'silent', connected: connectedAt !== undefined }), options.timeoutMs)
    options.signal?.addEventListener('abort', abort, { once: true })

    const onEvent = (event: EventType): void => {
      switch (event) {
        case 'connect':
          connectedAt = performance.now()
          break
        case 'close':
          if (!connection && connectedAt === undefined) settle({ kind: 'unreachable' })
          break
        case 'handshake':
          connection = connectionOf(socket, options)
          settle({ kind: 'open', connection })
          break
        case 'handshake:error:auth':
          settle({ kind: 'denied' })
          break
        // After the handshake it means bytes that do not decrypt. libzmq 4.3.5 then stops reading an observed socket, and
        // keeps it: only a heartbeat would end it.
        case 'handshake:error:protocol':
          connection?.end('the peer broke the protocol')
          break
        case 'disconnect':
          if (connection) connection.end(ENDED)
          // At a side door the platform lets the socket go while it makes up its mind, and keeps the lifeline.
          else if (!lifeline || lifeline.destroyed) cut()
          break
      }
    }
    const cut = (atMs = performance.now()) => settle({ kind: 'cut', afterMs: atMs - (connectedAt ?? atMs) })
    if (options.signal?.aborted) return abort()
    if (lifeline)
      onFarewell(lifeline, (messages) => {
        if (messages === undefined) lifeline.destroy()
        else connection?.endAfter(messages, ENDED)
      })
    lifeline?.once('close', () => {
      const endedAtMs = performance.now()
      // What the platform said last, that it refuses us for instance, may still be under way.
      if (connection) connection.peerLeft(ENDED)
      else if (!settled) setTimeout(() => cut(endedAtMs), LAST_WORD_MS)
    })
    try {
      // Asking for its events opens another socket: that fails when the process has no descriptor left.
      onSocketEvents(socket, onEvent)
      socket.connect(options.endpoint)
    } catch {
      settle({ kind: 'unreachable' })
    }
  })
}

const connectionOf = (socket: Dealer, { lifeline, ...options }: AttemptOptions): SocketConnection =>
  new SocketConnection({
    id: `dial-${++lastDial}`,
    direction: 'dialled',
    remote: options.remote,
    publicKey: options.serverKey,
    socket,
    farewell: lifeline && ((messages) => lifeline.write(farewell(messages))),
    release: () => lifeline?.destroy(),
  })
