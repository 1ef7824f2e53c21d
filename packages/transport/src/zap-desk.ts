/**
 * The one ZAP handler of the process (ZeroMQ RFC 27). libzmq allows one per context and asks it about every CURVE
 * handshake; the domain of a request names the front-door connection it is for, so the key in it is that connection's.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type PublicKey, publicKeyFromBytes } from '@volttron/vip'
import { Router } from 'zeromq'

const ENDPOINT = 'inproc://zeromq.zap.01'
const VERSION = '1.0'
const KEY_BYTES = 32
/** Closing an inproc endpoint is finished by a thread of libzmq, so a new one may have to wait a moment for the name. */
const BIND_ATTEMPTS = 200

/** 200: go on. 300: try again later, sent as silence. 400: refused, the client is told. */
export type ZapStatus = '200' | '300' | '400'

/** Called for each request of one domain, with the key the client has proven to hold. */
export type ZapClient = (publicKey: PublicKey, answer: (status: ZapStatus, text: string) => void) => void

export class ZapDesk {
  static #shared: Promise<ZapDesk> | undefined
  static #users = 0

  readonly #socket: Router
  readonly #clients = new Map<string, ZapClient>()

  private constructor(socket: Router) {
    this.#socket = socket
  }

  /** The desk, opened for the first user; give it back by {@link leave}. */
  static async join(): Promise<ZapDesk> {
    ZapDesk.#users++
    ZapDesk.#shared ??= ZapDesk.#open()
    try {
      return await ZapDesk.#shared
    } catch (error) {
      ZapDesk.#users--
      ZapDesk.#shared = undefined
      throw error
    }
  }

  static async #open(): Promise<ZapDesk> {
    for (let attempt = 1; ; attempt++) {
      const socket = new Router({ linger: 0, sendTimeout: 0, receiveHighWaterMark: 0, sendHighWaterMark: 0 })
      try {
        await socket.bind(ENDPOINT)
        const desk = new ZapDesk(socket)
        desk.#serve()
        return desk
      } catch (error) {
        socket.close()
        if (attempt === BIND_ATTEMPTS) throw error
        await delay(5)
      }
    }
  }

  /** The last one to leave closes the desk. */
  leave(): void {
    if (--ZapDesk.#users > 0) return
    ZapDesk.#shared = undefined
    this.#socket.close()
  }

  register(domain: string, client: ZapClient): void {
    this.#clients.set(domain, client)
  }

  unregister(domain: string): void {
    this.#clients.delete(domain)
  }

  #serve(): void {
    // A request may have come in the very turn in which leave() closed the socket; receive() would throw then.
    if (this.#socket.closed) return
    this.#socket.receive().then(
      (frames) => {
        this.#request(frames)
        this.#serve()
      },
      () => {
        // The socket was closed by leave().
      },
    )
  }

  #request(frames: Buffer[]): void {
    const [envelope, , version, requestId, domain, , , mechanism, key] = frames
    if (!envelope || !requestId) return
    const answer = (status: ZapStatus, text: string): void => {
      if (this.#socket.closed) return
      // Completes at once because of sendTimeout 0; fails only when the asking socket is gone, which is no loss.
      this.#socket.send([envelope, '', VERSION, requestId, status, text, '', '']).catch(() => {})
    }
    const client = this.#clients.get(domain?.toString() ?? '')
    const isCurve = version?.toString() === VERSION && mechanism?.toString() === 'CURVE' && key?.length === KEY_BYTES
    if (!client || !isCurve) return answer('400', 'unknown domain or mechanism')
    client(publicKeyFromBytes(key), answer)
  }
}
