/**
 * VIP1 as a Python agent speaks it, with any platform that does: the same frames, JSON bodies, ids and limits. Settings:
 * `identity`, `volttronHome` (its credential store holds the keys), `address`; connection n > 0 of a process is the agent
 * `<identity>-<n>`.
 *
 * Publishes are sent one after the other without waiting for their answers, which the Python client does only when its
 * author leaves its two questions before each publish out. So this is the most that a classic agent can get.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { frameText, parsePublicKey, parseSecretKey, toAsciiJson } from '@volttron/vip'
import { ClassicSocket } from './classic-socket.ts'
import type { Connection } from './connection.ts'

/** Publishes that are not answered yet: fewer than a Python router and socket hold, so that none is lost there. */
const UNANSWERED = 4_096
const WELCOME_MS = 30_000
const HEADERS = '{"min_compatible_version": "3.0", "max_compatible_version": ""}'
/** How a success is written: as JSON by ours, as a C struct by Python's. */
const GRANTED: ReadonlySet<string> = new Set(['true', '\x01'])
const EMPTY = Buffer.alloc(0)
const VIP1 = Buffer.from('VIP1')
const PUBSUB = Buffer.from('pubsub')
const PUBLISH = Buffer.from('publish')

export async function connect(settings: Readonly<Record<string, string>>, connection: number): Promise<Connection> {
  const { volttronHome = '', address = '' } = settings
  const identity = connection === 0 ? settings.identity! : `${settings.identity}-${connection}`
  const peer = new ClassicPeer(volttronHome, address, identity)
  await peer.hello()
  return peer
}

/** An answer to a question of ours, by the id that comes back with it. */
interface Question {
  resolve(answer: unknown): void
  reject(error: Error): void
}

interface Subscription {
  readonly prefix: string
  readonly json: boolean
  readonly onMessage: (body: unknown) => void
}

class ClassicPeer implements Connection {
  readonly #identity: string
  readonly #user: Buffer
  readonly #socket: ClassicSocket
  readonly #questions = new Map<string, Question>()
  readonly #subscriptions: Subscription[] = []
  /** Python writes the number of a message and the address of an object. */
  readonly #object = String(process.hrtime.bigint()).padEnd(13, '0').slice(-13)
  #lastNumber = Math.floor(Date.now() / 1000)
  #unanswered = 0
  #onWritable: (() => void) | undefined

  constructor(volttronHome: string, address: string, identity: string) {
    this.#identity = identity
    this.#user = Buffer.from(identity)
    const own = credential(volttronHome, identity)
    this.#socket = new ClassicSocket({
      address,
      identity,
      serverKey: parsePublicKey(credential(volttronHome, 'platform').publickey)!,
      keys: { publicKey: parsePublicKey(own.publickey)!, secretKey: parseSecretKey(own.secretkey)! },
      onMessage: (frames) => this.#onMessage(frames),
    })
  }

  async hello(): Promise<void> {
    const id = 'connect.hello.0'
    const timer = setTimeout(() => {
      this.#fail(id, `${this.#identity} got no answer to its hello within ${WELCOME_MS / 1000} s`)
    }, WELCOME_MS)
    await this.#ask(id, () => this.#send('', EMPTY, id, 'hello', 'hello'))
    clearTimeout(timer)
    this.#send('', this.#user, this.#nextId(), 'pubsub', 'synchronize', 'connected', '{"subscriptions": {}}')
  }

  publish(topic: string, body: Buffer): boolean {
    return this.publishJson(topic, body.toString('latin1'))
  }

  publishJson(topic: string, value: unknown): boolean {
    if (this.#unanswered >= UNANSWERED) return false
    this.#unanswered++
    const body = `{"bus": "", "headers": ${HEADERS}, "message": ${toAsciiJson(value)}}`
    const id = Buffer.from(this.#nextId())
    this.#socket.send([EMPTY, VIP1, this.#user, id, PUBSUB, PUBLISH, Buffer.from(topic), Buffer.from(body)])
    return true
  }

  /** At half of what may be unanswered, so that it is not asked for after each message. */
  writable(): Promise<void> {
    if (this.#unanswered <= UNANSWERED / 2) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onWritable = resolve
    })
  }

  async subscribe(prefix: string, { json }: { json: boolean }, onMessage: (body: unknown) => void): Promise<void> {
    this.#subscriptions.push({ prefix, json, onMessage })
    const id = this.#nextId()
    const wanted = `{"prefix": ${toAsciiJson(prefix)}, "bus": "", "all_platforms": true}`
    const granted = await this.#ask(id, () => this.#send('', this.#user, id, 'pubsub', 'subscribe', wanted))
    if (!GRANTED.has(granted as string)) throw new Error(`${this.#identity} may not subscribe to ${prefix}`)
  }

  async serve(): Promise<void> {}

  request(name: string, body: string): Promise<unknown> {
    return this.#call(name, 'echo', [body])
  }

  async recognised(name: string): Promise<boolean> {
    return (await this.#call(name, 'whoami', [])) === this.#identity
  }

  async close(): Promise<void> {
    this.#send('', EMPTY, '', 'agentstop', this.#identity)
    await new Promise((resolve) => setImmediate(resolve))
    this.#socket.close()
  }

  #call(name: string, method: string, params: readonly unknown[]): Promise<unknown> {
    const number = ++this.#lastNumber
    const id = this.#idOf(number)
    const text = `{"jsonrpc": "2.0", "method": "${method}", "params": ${toAsciiJson(params)}, "id": "${id}"}`
    const peer = name.slice(name.lastIndexOf('/') + 1)
    return this.#ask(id, () => this.#send(peer, EMPTY, `${number}.${this.#object}`, 'RPC', text))
  }

  #ask(id: string, send: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject })
      send()
    })
  }

  #send(peer: string, user: Buffer, id: string | Buffer, subsystem: string, ...args: readonly string[]): void {
    const idFrame = typeof id === 'string' ? Buffer.from(id) : id
    const frames = [Buffer.from(peer), VIP1, user, idFrame, Buffer.from(subsystem)]
    this.#socket.send([...frames, ...args.map((arg) => Buffer.from(arg))])
  }

  #nextId(): string {
    return this.#idOf(++this.#lastNumber)
  }

  #idOf(number: number): string {
    return `${number}.000000.${this.#object}.000000`
  }

  #onMessage([sender, , user, id, subsystem, ...args]: Buffer[]): void {
    switch (subsystem?.toString()) {
      case 'pubsub':
        return this.#onPubSub(id!, args)
      case 'RPC':
        return this.#onRpc(sender!, user!, id!, args[0]!)
      case 'hello':
        this.#settle(id!.toString(), args)
        break
      case 'error':
        this.#fail(id!.toString(), `${args[1]} (${args[0]})`)
      // What remains is the coming and going of others.
    }
  }

  #onPubSub(id: Buffer, [operation, argument, body]: Buffer[]): void {
    if (operation!.length === PUBLISH.length && operation!.equals(PUBLISH)) {
      return this.#onPublish(frameText(argument!), body!)
    }
    // The answer to a subscribe; all others are answers to publishes.
    if (this.#questions.size > 0 && this.#settle(id.toString(), argument?.toString())) return
    if (--this.#unanswered > UNANSWERED / 2) return
    this.#onWritable?.()
    this.#onWritable = undefined
  }

  /** A Python agent always decodes the body, whoever wants it. */
  #onPublish(topic: string, body: Buffer): void {
    const { message } = JSON.parse(body.toString('latin1')) as { message: unknown }
    for (const { prefix, json, onMessage } of this.#subscriptions) {
      if (topic.startsWith(prefix)) onMessage(json ? message : Buffer.from(String(message), 'latin1'))
    }
  }

  #onRpc(sender: Buffer, user: Buffer, id: Buffer, body: Buffer): void {
    const message = JSON.parse(body.toString('latin1')) as RpcMessage
    if (message.method === undefined) {
      if (message.error) this.#fail(message.id, message.error.message)
      else this.#settle(message.id, message.result)
      return
    }
    const result = message.method === 'echo' ? message.params?.[0] : user.toString()
    const answer = `{"jsonrpc": "2.0", "id": ${toAsciiJson(message.id)}, "result": ${toAsciiJson(result)}}`
    this.#socket.send([sender, VIP1, EMPTY, id, Buffer.from('RPC'), Buffer.from(answer)])
  }

  #settle(id: string, answer: unknown): boolean {
    const question = this.#questions.get(id)
    this.#questions.delete(id)
    question?.resolve(answer)
    return question !== undefined
  }

  #fail(id: string, message: string): void {
    const question = this.#questions.get(id)
    this.#questions.delete(id)
    question?.reject(new Error(message))
  }
}

interface RpcMessage {
  readonly id: string
  readonly method?: string
  readonly params?: readonly unknown[]
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

const credential = (volttronHome: string, identity: string): { publickey: string; secretkey: string } =>
  JSON.parse(readFileSync(join(volttronHome, 'credentials_store', `${identity}.json`), 'utf8'))
