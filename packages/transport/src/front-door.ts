/**
 * The front door: the only way into the platform over a network.
 *
 * libzmq does not tell JavaScript which key a message came from. So each accepted connection gets an inner CURVE socket
 * of its own, and the ZAP request of that socket says whose connection it is; bytes are piped both ways, and CURVE stays
 * end to end between the client and the inner socket. One connection's life is in `visitor.ts`.
 */
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { formatAddress, type PublicKey, type VipAddress } from '@volttron/vip'
import { type FrontDoorLimits, frontDoorLimits } from './front-door-limits.ts'
import { type Admit, type FrontDoorCounters, type FrontDoorOptions, noCounts, silentLog } from './front-door-ports.ts'
import { refuseStranger } from './front-door-self-test.ts'
import { reserveSockets } from './inner-socket.ts'
import { listenOn } from './listen-address.ts'
import { Lobby } from './lobby.ts'
import { PrivateFolder } from './private-folder.ts'
import { Visitor, type VisitorHost } from './visitor.ts'
import { WaitingRoom } from './waiting-room.ts'
import { ZapDesk } from './zap-desk.ts'

/** Somebody who waits for a seat in the lobby. */
interface Guest {
  readonly socket: Socket
  /** What limits count by. */
  readonly from: string
  readonly remote: string
  readonly admit: Admit
  timer?: NodeJS.Timeout
}

/** Names connections for the whole process: ZAP domains of all doors share one desk. */
let lastVisitor = 0

export class FrontDoor {
  readonly counters: FrontDoorCounters = noCounts()
  readonly limits: FrontDoorLimits

  readonly #options: FrontDoorOptions
  readonly #host: VisitorHost
  readonly #lobby: Lobby<Visitor>
  readonly #waitingRoom: WaitingRoom<Guest>
  readonly #folder: PrivateFolder
  readonly #zap: ZapDesk
  readonly #servers = new Set<Server>()
  readonly #visitors = new Set<Visitor>()
  /** Those who were admitted, by their key. */
  readonly #admitted = new Map<PublicKey, Set<Visitor>>()
  /** Those whose key waits for approval, oldest first. */
  readonly #waiting = new Set<Visitor>()
  #bound: VipAddress[] = []
  #closing: Promise<void> | undefined

  private constructor(options: FrontDoorOptions, zap: ZapDesk, folder: PrivateFolder, limits: FrontDoorLimits) {
    this.#options = options
    this.#zap = zap
    this.limits = limits
    this.#lobby = new Lobby(limits)
    this.#waitingRoom = new WaitingRoom(limits.waiting)
    this.#folder = folder
    this.#host = {
      limits,
      zap,
      serverKeys: options.serverKeys,
      lobby: this.#lobby,
      counters: this.counters,
      log: options.log ?? silentLog,
      innerPath: (id) => join(this.#folder.path, id),
      onConnection: options.onConnection,
      takePlace: (visitor) => this.#takePlace(visitor),
      hold: (visitor) => this.#hold(visitor),
      moved: () => this.#moveUp(),
      closed: (visitor) => this.#forget(visitor),
    }
  }

  /**
   * Opens the door on all `addresses`, or on none.
   *
   * @throws VolttronError when an address cannot be used, or when the self-test finds that a stranger gets in
   */
  static async listen(options: FrontDoorOptions): Promise<FrontDoor> {
    const limits = frontDoorLimits(options.limits)
    reserveSockets(limits)
    const folder = await PrivateFolder.make()
    const zap = await ZapDesk.join().catch((error) => {
      folder.remove()
      throw error
    })
    const door = new FrontDoor(options, zap, folder, limits)
    try {
      await door.#selfTest()
      for (const address of options.addresses) door.#bound.push(await door.#open(address, options.admit))
      for (const address of options.extraAddresses ?? []) await door.#tryToOpen(address, options.admit)
      return door
    } catch (error) {
      await door.close()
      throw error
    }
  }

  /** The addresses with the ports the system chose, in the order given. */
  get boundAddresses(): readonly VipAddress[] {
    return this.#bound
  }

  /** Connections that have been handed over and are alive. */
  get connections(): number {
    let open = 0
    for (const visitor of this.#visitors) if (visitor.state === 'open') open++
    return open
  }

  /** Connections that have not proven a key yet. */
  get unauthenticated(): number {
    return this.#lobby.size
  }

  /** Accepted connections that wait, unread, until fewer are unauthenticated. */
  get waiting(): number {
    return this.#waitingRoom.size
  }

  /** Connections whose key waits for approval. */
  get awaitingApproval(): number {
    return this.#waiting.size
  }

  /** Somebody was approved, or the list of peers changed: those who are held redial at once and are judged anew. */
  refreshAdmissions(): void {
    for (const visitor of this.#visitors)
      if (visitor.state === 'admission' || visitor.state === 'waiting') visitor.close('the key is to be judged anew')
  }

  /** Cuts every connection of a key, whatever its state. Returns how many there were. */
  closeByKey(publicKey: PublicKey, reason: string): number {
    const concerned = [...this.#visitors].filter((visitor) => visitor.publicKey === publicKey)
    for (const visitor of concerned) visitor.close(reason)
    return concerned.length
  }

  /**
   * Stops listening and closes every connection; resolves when all are gone. Idempotent.
   *
   * @param lingerMs how long what is under way to the clients may take to leave; default 0
   */
  close(lingerMs = 0): Promise<void> {
    this.#closing ??= this.#close(lingerMs)
    return this.#closing
  }

  async #close(lingerMs: number): Promise<void> {
    const ended = [...this.#servers].map((server) => new Promise((resolve) => server.close(resolve)))
    const anybody = () => true
    for (let guest = this.#waitingRoom.next(anybody); guest; guest = this.#waitingRoom.next(anybody))
      this.#turnAway(guest, 'the platform stops')
    for (const visitor of this.#visitors) visitor.close('the platform stops', lingerMs)
    await Promise.all(ended)
    this.#zap.leave()
    this.#folder.remove()
  }

  async #open(address: VipAddress, admit: Admit): Promise<VipAddress> {
    const { server, bound } = await listenOn(address, (socket) => this.#accept(socket, bound, admit))
    this.#servers.add(server)
    // A failed accept (descriptors used up) is over as soon as there are descriptors again.
    server.on('error', (error) => this.#host.log.warn({ error: error.message }, 'accept-failed'))
    return bound
  }

  async #tryToOpen(address: VipAddress, admit: Admit): Promise<void> {
    try {
      await this.#open(address, admit)
    } catch (error) {
      this.#host.log.warn({ address: formatAddress(address), reason: (error as Error).message }, 'cannot-listen-there')
    }
  }

  #accept(socket: Socket, address: VipAddress, admit: Admit): void {
    this.counters.accepted++
    const [from, remote] = remoteOf(socket, address)
    const guest: Guest = { socket, from, remote, admit }
    socket.on('error', () => {})
    if (this.#closing || this.#visitors.size >= this.limits.connections) return this.#turnAway(guest, 'connections')
    if (this.#lobby.hasSeat(from)) return this.#seat(guest)
    guest.timer = setTimeout(() => {
      this.#waitingRoom.leave(guest, from)
      this.#turnAway(guest, 'no seat in time')
    }, this.limits.authenticateMs)
    const unlucky = this.#waitingRoom.enter(guest, from)
    if (unlucky) this.#turnAway(unlucky, 'unauthenticated connections')
  }

  #seat({ socket, from, remote, admit, timer }: Guest): void {
    clearTimeout(timer)
    const visitor = new Visitor(socket, `${process.pid}-${++lastVisitor}`, remote, admit, this.#host)
    this.#visitors.add(visitor)
    this.#lobby.enter(visitor, from)
    socket.resume()
  }

  /** Somebody has left, has left the lobby, or finished a handshake. */
  #moveUp(): void {
    this.#lobby.nextHandshake()?.handshake()
    while (!this.#lobby.isFull && this.#visitors.size < this.limits.connections) {
      const guest = this.#waitingRoom.next((address) => this.#lobby.hasSeat(address))
      if (!guest) return
      this.#seat(guest)
    }
  }

  #turnAway({ socket, remote, timer }: Guest, limit: string): void {
    clearTimeout(timer)
    this.counters.overLimit++
    this.#host.log.debug({ remote, limit }, 'over-limit')
    socket.destroy()
  }

  /** Whoever holds one key, of an agent or of another platform, must not fill the house. */
  #takePlace(visitor: Visitor): boolean {
    const key = visitor.publicKey!
    const present = this.#admitted.get(key) ?? new Set()
    if (present.size >= this.limits.connectionsPerKey) return false
    this.#admitted.set(key, present.add(visitor))
    return true
  }

  #hold(visitor: Visitor): void {
    this.#waiting.add(visitor)
    const [oldest] = this.#waiting
    if (this.#waiting.size > this.limits.awaitingApproval) oldest?.close('others wait for approval too')
  }

  #forget(visitor: Visitor): void {
    this.#visitors.delete(visitor)
    this.#waiting.delete(visitor)
    const present = visitor.publicKey && this.#admitted.get(visitor.publicKey)
    if (present?.delete(visitor) && present.size === 0) this.#admitted.delete(visitor.publicKey!)
    this.#host.moved()
  }

  /** A stranger knocks on a private path of this door, and must be told that he is refused. */
  async #selfTest(): Promise<void> {
    const path = join(this.#folder.path, 'self-test')
    await this.#open({ scheme: 'ipc', path }, () => ({ verdict: 'refuse', reason: 'self-test' }))
    await refuseStranger(path, this.#options.serverKeys.publicKey)
    for (const server of this.#servers) server.close()
    this.#servers.clear()
    for (const visitor of this.#visitors) visitor.close('self-test done')
    Object.assign(this.counters, noCounts())
  }
}

/** Whoever has one IPv6 address has the 2^64 of its network (RFC 6177): they count as one. */
export function networkOf(host: string): string {
  if (!host.includes(':')) return host
  const [head = '', tail = ''] = host.replace(/%.*$/, '').split('::')
  const groups = head.split(':')
  if (!host.includes('::')) return groups.slice(0, 4).join(':')
  const behind = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - groups.length - behind.length }, () => '0')
  return [...groups.map((group) => group || '0'), ...zeros, ...behind].slice(0, 4).join(':')
}

/** The address that limits count by, and the name of the other side for people. */
function remoteOf(socket: Socket, address: VipAddress): [from: string, remote: string] {
  if (address.scheme === 'ipc') return [address.path, address.path]
  const host = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '')
  return [networkOf(host), `${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? 0}`]
}
