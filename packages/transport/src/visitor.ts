/**
 * One accepted connection, from the first byte to the last.
 *
 * ```
 * greeting -> queued -> handshake -> admission -> admitted -> open
 *                                       |-> waiting (key not known yet, nothing but the TCP socket is kept)
 *                                       '-> refused (the client is being told)
 * ```
 * At the side door (side-door.ts) the client connects to the inner socket by itself; the outer one is its lifeline then.
 * Until `open` the visitor is nobody: it has a key only after the ZAP request of its own domain, and becomes a
 * {@link SocketConnection} with its first message, which carries the routing id.
 */
import type { Socket } from 'node:net'
import { describeError, type KeyPair, type PublicKey } from '@volttron/vip'
import { BytePipe } from './byte-pipe.ts'
import type { Admission, Connection } from './connection.ts'
import type { FrontDoorLimits } from './front-door-limits.ts'
import type { Admit, FrontDoorCounters, TransportLog } from './front-door-ports.ts'
import {
  closeInnerSocket,
  type InnerSocket,
  openInnerRouter,
  openInnerSocket,
  SIDE_DOOR_HIGH_WATER_MARK,
  unlinkQuietly,
} from './inner-socket.ts'
import type { Lobby } from './lobby.ts'
import { farewell, judgeRequest, onFarewell, sideDoorAnswer } from './side-door.ts'
import { SocketConnection } from './socket-connection.ts'
import { onSocketEvents } from './socket-events.ts'
import type { ZapDesk, ZapStatus } from './zap-desk.ts'
import { curveGreeting, judgeGreeting } from './zmtp-greeting.ts'

/** Time for the refusal to reach the client before the socket is destroyed. */
const REFUSAL_MS = 1_000

/** Over the linger, for libzmq to give up what has not left. */
const GIVING_UP_MS = 500

/** A first message by the side door may take so long to be read after its lifeline has ended. */
const LAST_BYTES_MS = 1_000
const CLIENT_LEFT = 'the peer closed the connection'

/** The front door as a visitor sees it. */
export interface VisitorHost {
  readonly limits: FrontDoorLimits
  readonly serverKeys: KeyPair
  readonly zap: ZapDesk
  readonly lobby: Lobby<Visitor>
  readonly counters: FrontDoorCounters
  readonly log: TransportLog
  innerPath(id: string): string
  onConnection(connection: Connection): void
  /** Counts the visitor among the connections of its key; false when these are too many. */
  takePlace(visitor: Visitor): boolean
  /** The key must wait for approval: the host keeps the visitor and may close it to make room. */
  hold(visitor: Visitor): void
  /** The visitor is gone, or has left the lobby: others may move up. */
  moved(): void
  closed(visitor: Visitor): void
}

export class Visitor {
  readonly id: string
  readonly remote: string
  publicKey: PublicKey | undefined
  state: 'greeting' | 'queued' | 'handshake' | 'admission' | 'waiting' | 'refused' | 'admitted' | 'open' | 'closed' =
    'greeting'

  readonly #host: VisitorHost
  readonly #admit: Admit
  readonly #outer: Socket
  readonly #isLocal: boolean
  #early: Buffer = Buffer.alloc(0)
  #greeted = false
  /** Came by the side door. */
  #isDirect = false
  #inner: InnerSocket | undefined
  /** Not at the side door. */
  #pipe: BytePipe | undefined
  #connection: SocketConnection | undefined
  /** Why the inner socket ended, once it has: what it received before is still read. */
  #ended: string | undefined
  /** The client's farewell at the side door: how many messages it has sent. */
  #lastMessage: number | undefined
  #timer: NodeJS.Timeout | undefined
  #answer: ((status: ZapStatus, text: string) => void) | undefined

  constructor(outer: Socket, id: string, remote: string, admit: Admit, host: VisitorHost) {
    this.id = id
    this.remote = remote
    this.#outer = outer
    // Of a connection that was reset even TCP does not know the remote address any more.
    this.#isLocal = outer.localAddress === undefined
    this.#admit = admit
    this.#host = host
    this.#expire(host.limits.authenticateMs, () => {
      host.counters.timedOut++
      this.close('no proof of a key in time')
    })
    outer.on('data', this.#greet)
    // What went wrong does not matter; that it is over comes as 'close'.
    outer.on('error', () => {})
    outer.on('close', () => this.#outerEnded())
  }

  /** The host has a place for the handshake. */
  handshake(): void {
    if (this.state !== 'queued') return
    this.state = 'handshake'
    this.#host.zap.register(this.id, (key, answer) => this.#prove(key, answer))
    const { serverKeys, limits } = this.#host
    const path = this.#host.innerPath(this.id)
    try {
      if (this.#isDirect) {
        this.#openSideDoor(path, openInnerRouter(path, this.id, serverKeys, limits, SIDE_DOOR_HIGH_WATER_MARK))
      } else {
        const inner = openInnerSocket(path, this.id, serverKeys, limits)
        this.#inner = inner
        this.#joinBytes(inner)
      }
    } catch (error) {
      this.#host.log.warn({ remote: this.remote, error: describeError(error) }, 'no-inner-socket')
      return this.close('no sockets left')
    }
    if (this.#inner) this.#readFirst(this.#inner)
  }

  /** Ends whatever the visitor is; a connection that stands gets `lingerMs` (default 0) for its last bytes. Idempotent. */
  close(reason: string, lingerMs = 0): void {
    if (this.state === 'closed') return
    if (this.#connection) return this.#connection.close(reason, lingerMs)
    this.#host.log.debug({ id: this.id, remote: this.remote, state: this.state, reason }, 'visitor-closed')
    this.#dispose(0)
  }

  readonly #greet = (chunk: Buffer): void => {
    this.#early = this.#early.length === 0 ? chunk : Buffer.concat([this.#early, chunk])
    if (this.#isLocal && !this.#greeted) {
      const request = judgeRequest(this.#early)
      if (request === 'incomplete') return
      this.#isDirect = request === 'complete'
      if (this.#isDirect) return this.#greetingDone()
    }
    const verdict = judgeGreeting(this.#early)
    if (verdict === 'invalid') {
      this.#host.counters.badGreeting++
      return this.close('no ZMTP 3 greeting with CURVE')
    }
    if (verdict === 'signature-incomplete') return
    if (!this.#greeted) {
      this.#greeted = true
      this.#outer.write(curveGreeting)
    }
    if (verdict === 'incomplete') return
    this.#greetingDone()
  }

  #greetingDone(): void {
    this.#outer.off('data', this.#greet)
    this.#outer.pause()
    this.state = 'queued'
    if (this.#host.lobby.requestHandshake(this)) this.handshake()
  }

  /** Tells the client where its inner socket is. Nothing but its farewell is expected on the outer one. */
  #openSideDoor(path: string, router: InnerSocket['router']): void {
    this.#inner = { router }
    let isTaken = false
    onSocketEvents(router, (type) => {
      if (type === 'accept') {
        if (isTaken) return this.#intruded('second-connection')
        isTaken = true
        unlinkQuietly(path)
      }
      // Who is being refused gets the time to hear it.
      if (this.state === 'refused') return
      if (type === 'disconnect' || type.startsWith('handshake:error'))
        this.#innerEnded(type === 'handshake:error:protocol')
    })
    onFarewell(this.#outer, (messages) => this.#heardFarewell(messages))
    this.#outer.write(sideDoorAnswer(path))
    this.#outer.resume()
  }

  #heardFarewell(messages: number | undefined): void {
    if (messages === undefined) return this.close('a lifeline is not for that')
    this.#lastMessage = messages
    if (this.#connection) this.#connection.endAfter(messages, CLIENT_LEFT)
    else if (this.state !== 'admitted' || messages === 0) this.close('the client went away')
    // Else its first message is about to be read: #open follows.
  }

  /** Pipes bytes both ways. */
  #joinBytes({ bytes: inner }: Required<InnerSocket>): void {
    this.#pipe = new BytePipe({
      outer: this.#outer,
      inner,
      early: this.#early,
      messageBytes: this.#host.limits.messageBytes,
      messagesRead: () => this.#connection?.counters.messagesIn ?? 0,
      onFlood: () => this.close('the message is too large'),
    })
    this.#early = Buffer.alloc(0)
    inner.on('close', () => this.#innerEnded())
  }

  /** A ZAP request of our domain: whoever speaks through the inner socket has proven to hold this key. */
  #prove(key: PublicKey, answer: (status: ZapStatus, text: string) => void): void {
    if (this.publicKey !== undefined || this.state !== 'handshake') {
      answer('400', 'one request per connection')
      return this.#intruded('second-zap-request', key)
    }
    this.publicKey = key
    this.#answer = answer
    this.state = 'admission'
    this.#host.lobby.endHandshake(this)
    this.#host.moved()
    const { admissionMs } = this.#host.limits
    this.#expire(admissionMs, () => this.#decide({ verdict: 'later', reason: 'no answer about the key in time' }))
    void this.#ask(key)
  }

  /** Two at one inner socket: which of them a message came from would be a guess. */
  #intruded(event: string, publicKey = this.publicKey): void {
    if (this.state === 'closed') return
    this.#host.counters.intruders++
    this.#host.log.warn({ id: this.id, remote: this.remote, publicKey }, event)
    this.close('somebody else used the inner path')
  }

  async #ask(key: PublicKey): Promise<void> {
    try {
      this.#decide(await this.#admit(key, this.remote))
    } catch (error) {
      this.#host.log.warn({ id: this.id, publicKey: key, error: describeError(error) }, 'admission-failed')
      this.#decide({ verdict: 'later', reason: 'the key could not be checked' })
    }
  }

  #decide(admission: Admission): void {
    if (this.state !== 'admission') return
    if (admission.verdict === 'accept' && !this.#host.takePlace(this)) {
      return this.#decide({ verdict: 'later', reason: 'too many connections of this key' })
    }
    const { counters, limits, lobby } = this.#host
    lobby.leave(this)
    if (admission.verdict === 'accept') {
      counters.admitted++
      this.state = 'admitted'
      this.#expire(limits.firstMessageMs, () => this.close('no message after the handshake'))
      this.#answer?.('200', 'OK')
    } else if (admission.verdict === 'refuse') {
      counters.refused++
      this.state = 'refused'
      this.#expire(REFUSAL_MS, () => this.close(admission.reason))
      this.#answer?.('400', 'refused')
    } else {
      counters.deferred++
      this.state = 'waiting'
      clearTimeout(this.#timer)
      // To the client silence is what a 300 is; it stays in its handshake, and costs us the TCP socket only.
      this.#answer?.('300', 'wait')
      this.#dropInner(0)
      this.#host.hold(this)
    }
    this.#host.log.debug({ id: this.id, remote: this.remote, publicKey: this.publicKey, ...admission }, 'admission')
    this.#host.moved()
  }

  #readFirst({ router }: InnerSocket): void {
    router.receive().then(
      (frames) => this.#open(router, frames),
      () => {
        // The socket was closed.
      },
    )
  }

  #open(router: InnerSocket['router'], frames: Buffer[]): void {
    const [envelope, ...message] = frames
    if (this.state !== 'admitted' || this.publicKey === undefined || !envelope) {
      this.#host.log.warn({ id: this.id, remote: this.remote, state: this.state }, 'message-without-key')
      return this.close('a message before the proof of a key')
    }
    clearTimeout(this.#timer)
    this.state = 'open'
    const pipe = this.#pipe
    const inner = this.#inner
    const connection = new SocketConnection({
      id: this.id,
      direction: 'accepted',
      remote: this.remote,
      publicKey: this.publicKey,
      socket: router,
      envelope,
      first: message,
      // What comes by the side door is not seen here: its messages count.
      ...(pipe && { lastByteAt: () => pipe.lastByteAt }),
      ...(this.#isDirect && { farewell: (messages) => void this.#outer.write(farewell(messages)) }),
      closeSocket: inner && (() => closeInnerSocket(inner)),
      release: (_reason, lingerMs) => this.#dispose(lingerMs),
    })
    this.#connection = connection
    try {
      this.#host.onConnection(connection)
    } catch (error) {
      this.#host.log.warn({ id: this.id, error: describeError(error) }, 'connection-handler-failed')
      connection.close('a handler failed')
    }
    if (this.#ended !== undefined) connection.end(this.#ended)
    else if (this.#lastMessage !== undefined) connection.endAfter(this.#lastMessage, CLIENT_LEFT)
    else if (this.#isDirect && this.#outer.destroyed) connection.peerLeft(CLIENT_LEFT)
  }

  /** The client is gone. What it sent before still goes through the inner socket, whose end then follows. */
  #outerEnded(): void {
    if (this.state === 'closed') return
    if (!this.#connection) {
      if (this.state === 'handshake') this.#host.counters.handshakeFailed++
      if (this.state !== 'admitted') return this.close('the client went away')
    }
    if (this.#connection && this.#isDirect) return this.#connection.peerLeft(CLIENT_LEFT)
    // A first message by the side door may have arrived and not been read yet.
    if (this.#isDirect) return this.#expire(LAST_BYTES_MS, () => this.close('the client went away'))
    this.#inner?.bytes?.end()
    this.#inner?.bytes?.resume()
  }

  /** libzmq ended it: handshake failed, protocol error, heartbeat missed, or the client's end has been passed on. */
  #innerEnded(isBroken = true): void {
    if (this.state === 'closed' || this.state === 'waiting') return
    const clientGone = this.#outer.destroyed || this.#outer.readableEnded
    if (this.state === 'handshake') {
      this.#host.counters.handshakeFailed++
      if (isBroken && !clientGone) this.#host.log.info({ remote: this.remote }, 'handshake-failed-wrong-server-key')
    }
    if (this.state === 'refused') return void this.#outer.end()
    if (clientGone) this.#ended = CLIENT_LEFT
    else if (this.#isDirect) this.#ended = 'the peer closed the connection, or fell silent'
    else this.#ended = 'the peer broke the protocol or fell silent'
    if (this.#connection) return this.#connection.end(this.#ended)
    if (this.state === 'admitted' && this.#inner?.router.readable) return // #open follows
    this.close('the handshake failed')
  }

  #expire(ms: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(then, ms)
  }

  #dropInner(lingerMs: number): void {
    this.#host.zap.unregister(this.id)
    const inner = this.#inner
    if (!inner || lingerMs > 0) return
    this.#inner = undefined
    // Otherwise the connection has closed both.
    if (!this.#connection) {
      inner.bytes?.destroy()
      inner.router.close()
    }
    if (this.#isDirect) unlinkQuietly(this.#host.innerPath(this.id))
  }

  /** Lets go of everything; with a linger, what is under way to the client gets that long to leave. */
  #dispose(lingerMs: number): void {
    this.state = 'closed'
    clearTimeout(this.#timer)
    this.#dropInner(lingerMs)
    this.#host.lobby.leave(this)
    if (lingerMs > 0 && this.#inner) this.#leaveSlowly(this.#inner, lingerMs)
    else {
      this.#outer.destroy()
      this.#host.closed(this)
    }
  }

  #leaveSlowly(inner: InnerSocket, lingerMs: number): void {
    // libzmq gives up by itself after the linger; to cut it off meanwhile is what closeInnerSocket warns of.
    const timer = setTimeout(() => this.#outer.destroy(), lingerMs + GIVING_UP_MS)
    const end = () => {
      clearTimeout(timer)
      inner.bytes?.destroy()
      this.#host.closed(this)
    }
    // The client has left, and only what it sent before kept us: no other end will be reported.
    if (this.#outer.closed) return end()
    // Not destroyed here: with bytes unread that would reset the connection, and the client lose our last ones.
    inner.bytes?.on('close', () => this.#outer.end())
    this.#outer.once('close', end)
  }
}
