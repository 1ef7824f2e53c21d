/**
 * A small router of either kind: it knows hello, ping, peerlist, query and pubsub, forwards the rest between peers, and
 * does what a test tells it. What agents send is kept in `log`.
 */
import { Channel, type Connection, INITIAL_CREDIT, type Name, NameTable, Turn } from '@volttron/transport'
import {
  buildTail,
  type Credit,
  FrameAt,
  formatRoute,
  frameText,
  isBatch,
  PublishFlag,
  parseHello,
  parseJson,
  topicFrame,
  VolttronError,
  vipMessage,
  welcomeArgument,
} from '@volttron/vip'
import { MemoryConnection } from './memory-connection.ts'

export interface Logged {
  readonly from: string
  readonly subsystem: string
  readonly args: readonly string[]
}

export interface Published {
  readonly from: string
  readonly topic: string
  readonly bus: string
  readonly headers: string
  readonly body: Buffer
  readonly json: boolean
  readonly ageMs: number
}

export interface Delivery {
  readonly topic: string
  readonly body: string | Uint8Array
  readonly sender?: string
  readonly platform?: string
  readonly headersJson?: string
  readonly bus?: string
}

export interface ScriptedRouterOptions {
  readonly classic?: boolean
}

export class RouterPeer {
  readonly identity: string
  readonly connection: Connection
  channel: Channel<string, string> | undefined
  /** `internal:<prefix>` or `all:<prefix>`. */
  wanted = new Set<string>()
  readonly names = new NameTable<Name>((name) => name)

  constructor(identity: string, connection: Connection) {
    this.identity = identity
    this.connection = connection
  }

  send(frames: readonly Uint8Array[]): void {
    if (!this.channel) this.connection.send(frames)
    else this.channel.sendFrames(frames)
  }
}

export class ScriptedRouter {
  readonly classic: boolean
  readonly log: Logged[] = []
  readonly published: Published[] = []
  readonly peers = new Map<string, RouterPeer>()
  dials = 0
  /** Set: dialling fails with this. */
  down: VolttronError | undefined
  /** Set: hello is answered by an error with this number. */
  refuse: number | undefined
  /** Answer to subscribe, as the bytes of the result frame; `deny` answers by an error frame. */
  subscribeAnswer: Buffer | 'deny' | 'silent' = Buffer.from('true')
  /** Answer to publish; by default the number of receivers. */
  publishAnswer: Buffer | { status: number; text: string } | 'silent' | undefined
  #nonce = 100

  constructor({ classic = false }: ScriptedRouterOptions = {}) {
    this.classic = classic
  }

  /** The dial port of agents. */
  readonly dial = async (target: { readonly routingId: string }, signal?: AbortSignal): Promise<Connection> => {
    this.dials++
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
    if (this.down) throw this.down
    const { dialled, accepted } = MemoryConnection.pair(target.routingId)
    this.accept(accepted)
    return dialled
  }

  /** Serves a connection that was accepted. */
  accept(accepted: Connection): void {
    const peer = new RouterPeer(accepted.routingId, accepted)
    accepted.start({
      onMessage: (frames) => {
        if (isBatch(frames)) peer.channel!.receive(frames[0]!, frames[1])
        else this.#frames(peer, frames)
      },
      onClose: () => {
        peer.channel?.close()
        if (this.peers.get(peer.identity) === peer) this.peers.delete(peer.identity)
      },
    })
  }

  peer(identity: string): RouterPeer {
    const peer = this.peers.get(identity)
    if (!peer) throw new Error(`${identity} is not connected`)
    return peer
  }

  cut(identity: string, reason = 'the network is gone'): void {
    this.peer(identity).connection.close(reason)
  }

  logged(subsystem: string, operation?: string): Logged[] {
    return this.log.filter((entry) => entry.subsystem === subsystem && (!operation || entry.args[0] === operation))
  }

  /** Sends a message to one peer, in the form of this router. */
  deliver(
    identity: string,
    { topic, body, sender = 'someone', platform = '', headersJson = '', bus = '' }: Delivery,
  ): void {
    const peer = this.peer(identity)
    if (!peer.channel) {
      const text = typeof body === 'string' ? body : JSON.stringify(Buffer.from(body).toString('base64'))
      const json = `{"sender": "${sender}", "bus": "${bus}", "headers": ${headersJson || '{}'}, "message": ${text}}`
      peer.send(
        vipMessage({ peer: '', user: sender, id: 'x1', subsystem: 'pubsub' }, ['publish', topicFrame(topic), json]),
      )
      return
    }
    const tail = buildTail(body, headersJson, bus)
    const route = peer.names.intern(formatRoute({ platform, epoch: 7, sender, path: [] }))
    const name = peer.names.intern(topic)
    peer.channel.publish(name, route, tail.flags, 1, 0, tail.bytes, 0, tail.bytes.length)
  }

  #frames(peer: RouterPeer, frames: Buffer[]): void {
    const subsystem = frameText(frames[FrameAt.subsystem]!)
    const args = frames.slice(FrameAt.args)
    const to = frameText(frames[FrameAt.peer]!)
    const id = frames[FrameAt.id]!
    this.log.push({ from: peer.identity, subsystem, args: args.map(frameText) })
    const reply = (replyArgs: readonly (string | Uint8Array)[], as = subsystem) =>
      peer.send(vipMessage({ peer: '', user: peer.identity, id, subsystem: as }, replyArgs))
    if (to !== '') return this.#forward(peer, to, frames)
    const answer = this.#answers[subsystem]
    if (answer) answer(peer, args, reply)
    else reply(['93', 'Protocol not supported', '', subsystem], 'error')
  }

  #forward(peer: RouterPeer, to: string, frames: Buffer[]): void {
    const other = this.peers.get(to)
    const [, signature, , id, subsystem, ...args] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer, ...Buffer[]]
    const name = Buffer.from(peer.identity)
    if (other) other.send([name, signature, name, id, subsystem, ...args])
    else if (frameText(id) !== '')
      peer.send(
        vipMessage({ peer: '', user: name, id, subsystem: 'error' }, [
          '113',
          'No route to host',
          to,
          frameText(subsystem),
        ]),
      )
  }

  readonly #answers: Record<
    string,
    (peer: RouterPeer, args: Buffer[], reply: (args: readonly (string | Uint8Array)[], as?: string) => void) => void
  > = {
    hello: (peer, args, reply) => {
      if (this.refuse !== undefined) {
        reply([String(this.refuse), 'Identity already in use', '', 'hello'], 'error')
        return peer.connection.close('refused', 500)
      }
      const offered = args[1] && !this.classic ? parseHello(frameText(args[1])) : undefined
      const welcome = ['welcome', '1.0', 'the-router', peer.identity]
      const nonce = this.#nonce++
      if (!offered || peer.channel) reply(welcome)
      else {
        reply([
          ...welcome,
          welcomeArgument({ version: 1, features: [], credit: INITIAL_CREDIT, nonce, instanceName: 'site-1' }),
        ])
        peer.channel = this.#channel(peer, nonce, offered.credit)
      }
      this.peers.set(peer.identity, peer)
    },
    ping: (_peer, args, reply) => reply(['pong', ...args.slice(1)]),
    peerlist: (_peer, _args, reply) => reply(['listing', ...this.peers.keys()]),
    query: (_peer, args, reply) => reply(['', PROPERTIES[args[0]!.toString()] ?? '']),
    agentstop: () => {},
    error: () => {},
    pubsub: (peer, args, reply) => this.#pubsub(peer, args, reply),
  }

  #pubsub(
    peer: RouterPeer,
    args: Buffer[],
    reply: (args: readonly (string | Uint8Array)[], as?: string) => void,
  ): void {
    const [operation, text = ''] = args.map(frameText)
    if (operation === 'subscribe') {
      if (this.subscribeAnswer === 'silent') return
      if (this.subscribeAnswer === 'deny') return reply(['-32001', 'not authorized', '', 'pubsub'], 'error')
      const { prefix, all_platforms: all } = parseJson(text) as { prefix: string; all_platforms: boolean }
      peer.wanted.add(`${all ? 'all' : 'internal'}:${prefix}`)
      reply(['request_response', this.subscribeAnswer])
    } else if (operation === 'unsubscribe') {
      const kinds = Object.entries(parseJson(text) as Record<string, { prefix: string }>)
      for (const [kind, { prefix }] of kinds) peer.wanted.delete(`${kind}:${prefix}`)
      reply(['request_response', 'true'])
    } else if (operation === 'synchronize') {
      const { subscriptions } = parseJson(frameText(args[2]!)) as {
        subscriptions: Record<string, Record<string, string[]>>
      }
      peer.wanted = new Set(
        Object.entries(subscriptions).flatMap(([kind, buses]) =>
          Object.values(buses).flatMap((prefixes) => prefixes.map((prefix) => `${kind}:${prefix}`)),
        ),
      )
    } else if (operation === 'list') {
      reply(['list_response', JSON.stringify([...peer.wanted].map((key) => ['', prefixOf(key), true]))])
    } else if (operation === 'publish') {
      const body = parseJson(frameText(args[2]!)) as { bus: string; headers: object; message: unknown }
      const message = Buffer.from(JSON.stringify(body.message))
      const published = { bus: body.bus, headers: JSON.stringify(body.headers), body: message, json: true, ageMs: 0 }
      const count = this.#publish({ ...published, from: peer.identity, topic: text })
      if (this.publishAnswer === 'silent') return
      if (Buffer.isBuffer(this.publishAnswer)) return reply(['request_response', this.publishAnswer])
      if (this.publishAnswer) return reply(['-32001', this.publishAnswer.text, '', 'pubsub'], 'error')
      reply(['request_response', String(count)])
    }
  }

  #publish(published: Published): number {
    this.published.push(published)
    const { topic, from, bus, headers, json, body } = published
    let count = 0
    for (const peer of this.peers.values()) {
      if (![...peer.wanted].some((key) => topic.startsWith(prefixOf(key)))) continue
      count++
      this.deliver(peer.identity, {
        topic,
        sender: from,
        bus,
        headersJson: headers,
        body: json ? body.toString() : body,
      })
    }
    return count
  }

  #channel(peer: RouterPeer, nonce: number, credit: Credit): Channel<string, string> {
    const channel: Channel<string, string> = new Channel(
      peer.connection,
      { nonce, credit, turn: new Turn(), now: () => performance.now(), queueBytes: 1 << 24 },
      {
        resolveTopic: (text) => text,
        resolveRoute: (text) => text,
        onFrames: (frames) => this.#frames(peer, frames),
        onPublish: (topic, _route, record) => {
          const { flags, sequence, ageMs } = record
          const body = Buffer.from(record.buffer.subarray(record.bodyStart(), record.tailEnd))
          const json = (flags & PublishFlag.json) !== 0
          const from = peer.identity
          const count = this.#publish({
            from,
            topic,
            bus: record.busText(),
            headers: record.headersText(),
            body,
            json,
            ageMs,
          })
          if (this.publishAnswer === 'silent') return
          if (this.publishAnswer && !Buffer.isBuffer(this.publishAnswer))
            return channel.sendResult(sequence, this.publishAnswer.status, 0, this.publishAnswer.text)
          if (flags & PublishFlag.wantsResult) channel.sendResult(sequence, 0, count)
        },
      },
    )
    return channel
  }
}

export const unreachable = (): VolttronError => new VolttronError('unavailable', 'connection refused')

const PROPERTIES: Readonly<Record<string, string | Buffer>> = {
  'instance-name': 'site-1',
  version: '1.0',
  addresses: '["tcp://h:1"]',
  frequency: Buffer.from([0x58, 2, 0, 0]),
}

const prefixOf = (key: string): string => key.slice(key.indexOf(':') + 1)
