/**
 * A network in memory, for the simulation of many platforms in one process: hosts, listeners, latency, partitions. It
 * has the semantics of the front door and of {@link dial}, the same errors included, and lives by its scheduler alone.
 */
import { type KeyPair, type PublicKey, VolttronError } from '@volttron/vip'
import type { Admission, Connection } from './connection.ts'
import type { Admit } from './front-door-ports.ts'
import { MemoryConnection, type MemoryEnd, type MemoryPath, type Scheduler } from './memory-connection.ts'

export interface MemoryNetworkOptions {
  readonly scheduler: Scheduler
  /** One way, between two hosts; default 0. */
  readonly latencyMs?: (from: string, to: string) => number
  /** A partition that lasts longer ends the connections across it, as heartbeats do; default 20,000. */
  readonly heartbeatTimeoutMs?: number
}

export interface MemoryListenOptions {
  /** Where the listener stands; partitions are between hosts. */
  readonly host: string
  /** What dials name; any text. */
  readonly address: string
  readonly serverKey: PublicKey
  readonly admit: Admit
  /** Called with the first message of a connection. */
  readonly onConnection: (connection: Connection) => void
}

export interface MemoryListener {
  close(): void
  /** Those who wait for approval are judged anew. */
  refreshAdmissions(): void
  closeByKey(publicKey: PublicKey, reason: string): number
}

export interface MemoryDialOptions {
  readonly host: string
  readonly address: string
  readonly serverKey: PublicKey
  readonly keys: KeyPair
  readonly routingId?: string
  /** default 10,000 */
  readonly timeoutMs?: number
}

interface Link {
  readonly hosts: readonly [string, string]
  readonly accepted: MemoryConnection
  blockedAt: number | undefined
}

interface Door extends MemoryListenOptions {
  readonly links: Set<Link>
  /** Dials that the platform has put off. */
  readonly waiting: Set<() => void>
}

export class MemoryNetwork {
  readonly #scheduler: Scheduler
  readonly #latencyMs: (from: string, to: string) => number
  readonly #heartbeatTimeoutMs: number
  readonly #doors = new Map<string, Door>()
  readonly #partitions = new Set<string>()
  readonly #links = new Set<Link>()
  #lastId = 0

  constructor(options: MemoryNetworkOptions) {
    this.#scheduler = options.scheduler
    this.#latencyMs = options.latencyMs ?? (() => 0)
    this.#heartbeatTimeoutMs = options.heartbeatTimeoutMs ?? 20_000
  }

  /** @throws VolttronError `system` when the address is taken */
  listen(options: MemoryListenOptions): MemoryListener {
    const { address } = options
    if (this.#doors.has(address))
      throw new VolttronError('system', `cannot listen on ${address}: the address is in use`)
    const door: Door = { ...options, links: new Set(), waiting: new Set() }
    this.#doors.set(address, door)
    const closeSome = (reason: string, concerned: (link: Link) => boolean): number => {
      const links = [...door.links].filter((link) => concerned(link) && !link.accepted.closed)
      for (const link of links) link.accepted.close(reason)
      return links.length
    }
    const refreshAdmissions = (): void => {
      const waiting = [...door.waiting]
      door.waiting.clear()
      for (const again of waiting) this.#scheduler.schedule(0, again)
    }
    return {
      refreshAdmissions,
      closeByKey: (publicKey, reason) => closeSome(reason, ({ accepted }) => accepted.publicKey === publicKey),
      close: () => {
        if (this.#doors.get(address) !== door) return
        this.#doors.delete(address)
        closeSome('the platform stops', () => true)
        refreshAdmissions()
      },
    }
  }

  /** @throws VolttronError with the codes of {@link dial} */
  dial(options: MemoryDialOptions): Promise<Connection> {
    const timeoutMs = options.timeoutMs ?? 10_000
    const { address, host } = options
    return new Promise((resolve, reject) => {
      let settled = false
      let held = false
      const fail = (code: 'unavailable' | 'timeout' | 'config' | 'denied', message: string): void => {
        settled = true
        reject(new VolttronError(code, message))
      }
      const knock = (): void => {
        if (settled) return
        const door = this.#doors.get(address)
        if (!door) return fail('unavailable', `cannot reach ${address}: connection refused`)
        // Across a partition a dial is silence: the time-out below ends it, or the heal lets it go on.
        if (this.#blocked(host, door.host)) return void this.#scheduler.schedule(Math.min(1_000, timeoutMs), knock)
        if (door.serverKey !== options.serverKey)
          return fail('config', `${address} broke off the handshake: its server key is not ${options.serverKey}`)
        this.#scheduler.schedule(this.#latencyMs(host, door.host), () => void judge(door))
      }
      const judge = async (door: Door): Promise<void> => {
        const admission = await askAdmission(door, options.keys.publicKey, host)
        if (settled) return
        if (admission.verdict === 'refuse')
          return fail('denied', `${address} refused our key ${options.keys.publicKey}`)
        if (admission.verdict === 'later') {
          held = true
          door.waiting.add(knock)
          return
        }
        this.#scheduler.schedule(this.#latencyMs(door.host, host), () => {
          if (settled) return
          if (this.#doors.get(address) !== door) return knock()
          settled = true
          resolve(this.#connect(options, door))
        })
      }
      this.#scheduler.schedule(timeoutMs, () => {
        if (settled) return
        this.#doors.get(address)?.waiting.delete(knock)
        if (held) fail('timeout', `${address} has not admitted us in ${timeoutMs} ms: our key waits for approval there`)
        else fail('timeout', `no answer from ${address} in ${timeoutMs} ms`)
      })
      this.#scheduler.schedule(this.#latencyMs(host, this.#doors.get(address)?.host ?? host), knock)
    })
  }

  /** Nothing passes between the two hosts until {@link heal}. */
  partition(a: string, b: string): void {
    this.#partitions.add(pairOf(a, b))
    for (const link of this.#between(a, b)) this.#block(link)
  }

  heal(a: string, b: string): void {
    this.#partitions.delete(pairOf(a, b))
    for (const link of this.#between(a, b)) {
      link.blockedAt = undefined
      link.accepted.pathChanged()
    }
  }

  /** Cuts all connections between two hosts; new ones can be made at once. */
  cut(a: string, b: string): void {
    for (const link of this.#between(a, b)) link.accepted.cut('the connection was cut')
  }

  #blocked(a: string, b: string): boolean {
    return this.#partitions.has(pairOf(a, b))
  }

  #between(a: string, b: string): Link[] {
    return [...this.#links].filter((link) => pairOf(...link.hosts) === pairOf(a, b))
  }

  #connect(options: MemoryDialOptions, door: Door): Connection {
    const id = ++this.#lastId
    const path: MemoryPath = {
      latencyMs: this.#latencyMs(options.host, door.host),
      get blocked() {
        return link.blockedAt !== undefined
      },
    }
    const dialled: MemoryEnd = {
      id: `memory-${id}-dialled`,
      direction: 'dialled',
      remote: options.address,
      publicKey: options.serverKey,
      routingId: '',
    }
    const accepted: MemoryEnd = {
      id: `memory-${id}-accepted`,
      direction: 'accepted',
      remote: `${options.host}:${id}`,
      publicKey: options.keys.publicKey,
      routingId: options.routingId ?? '',
    }
    const [near, far] = MemoryConnection.pair([dialled, accepted], this.#scheduler, path, (end) => ({
      arrived: () => door.onConnection(end),
      closed: () => {
        this.#links.delete(link)
        door.links.delete(link)
      },
    }))
    const link: Link = { hosts: [options.host, door.host], accepted: far, blockedAt: undefined }
    this.#links.add(link)
    door.links.add(link)
    if (this.#blocked(options.host, door.host)) this.#block(link)
    return near
  }

  /** Holds back what is under way; the heartbeats of both sides notice after their time-out. */
  #block(link: Link): void {
    if (link.blockedAt !== undefined) return
    const since = this.#scheduler.now()
    link.blockedAt = since
    this.#scheduler.schedule(this.#heartbeatTimeoutMs, () => {
      if (link.blockedAt === since) link.accepted.cut('the peer fell silent')
    })
  }
}

async function askAdmission(door: Door, key: PublicKey, host: string): Promise<Admission> {
  try {
    return await door.admit(key, host)
  } catch {
    return { verdict: 'later', reason: 'the key could not be checked' }
  }
}

const pairOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)
