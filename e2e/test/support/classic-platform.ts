/**
 * A platform that speaks VIP1 only, on sockets of its own: it answers as the router of a Python platform does, and says on
 * the connection it dials what a recording of one holds, byte for byte.
 */
import { readFileSync } from 'node:fs'
import { eventually } from '@volttron/testkit'
import { type Connection, dial, FrontDoor, generateKeyPair } from '@volttron/transport'
import { frameText, type KeyPair, type PublicKey, parseAddress, vipMessage } from '@volttron/vip'
import { addressesOf, credential, freePort, PATIENCE_MS, type Stage } from './stage.ts'

const RECORDINGS = new URL('../../golden/recordings/', import.meta.url)
/** Position of the subsystem in a message as a peer sends it. */
const SUBSYSTEM = 4

/** What one of two Python platforms has said to the other, in order; as it left its socket. */
export function saidByPlatform(recording: string, platform: string): Buffer[][] {
  const lines = readFileSync(new URL(`${recording}.jsonl`, RECORDINGS), 'utf8')
    .trim()
    .split('\n')
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ sock, dir, proc }) => sock === 'DEALER-ext' && dir === 'out' && proc === platform)
    .map(({ frames_b64 }) => (frames_b64 as string[]).map((frame) => Buffer.from(frame, 'base64')))
}

export class ClassicPlatform {
  readonly name: string
  readonly keys: KeyPair = generateKeyPair()
  /** What came in, oldest first. */
  readonly heard: string[][] = []
  readonly #address: string
  #door: FrontDoor | undefined
  #link: Connection | undefined

  private constructor(name: string, address: string) {
    this.name = name
    this.#address = address
  }

  /** Starts one and has it registered. */
  static async start(stage: Stage, name: string, registryUrl: string): Promise<ClassicPlatform> {
    const platform = new ClassicPlatform(name, `tcp://127.0.0.1:${await freePort()}`)
    stage.defer(() => platform.stop())
    await platform.open()
    const entry = {
      id: name,
      address: platform.#address,
      public_credentials: platform.keys.publicKey,
      group: 'default',
    }
    const response = await fetch(`${registryUrl}/platform`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(entry),
    })
    if (response.status !== 201) throw new Error(`the registry refused ${name}: ${await response.text()}`)
    return platform
  }

  /** Listens. */
  async open(): Promise<void> {
    this.#door = await FrontDoor.listen({
      addresses: [parseAddress(this.#address)],
      serverKeys: this.keys,
      admit: async () => ({ verdict: 'accept' }),
      onConnection: (connection) =>
        connection.start({ onMessage: (frames) => this.#answer(connection, frames), onClose: () => {} }),
    })
  }

  /** Dials the platform of this home, as `instance.<its name>.<number>`. */
  async dial(home: string, instance: string): Promise<Connection> {
    this.#link = await dial({
      address: addressesOf(home)[0]!,
      serverKey: credential(home, 'platform').publickey as PublicKey,
      keys: this.keys,
      routingId: `instance.${instance}.0.5736038237002635`,
    })
    return this.#link
  }

  say(frames: readonly Buffer[]): void {
    this.#link!.send(frames)
  }

  /** The first message to this one with these words behind the id. */
  told(...words: string[]): Promise<string[]> {
    return eventually(() => this.heard.find((message) => words.every((word, at) => message[SUBSYSTEM + at] === word)), {
      timeoutMs: PATIENCE_MS,
      what: `${words.join(' ')} at ${this.name}`,
    })
  }

  /** Ends it and forgets everything, as a Python platform does. */
  async stop(): Promise<void> {
    this.#link?.close('the platform stops')
    this.#link = undefined
    await this.#door?.close()
    this.#door = undefined
    this.heard.length = 0
  }

  #answer(connection: Connection, frames: Buffer[]): void {
    const message = frames.map(frameText)
    this.heard.push(message)
    const [, , , , subsystem = '', op] = message
    const say = (args: (string | Uint8Array)[]) =>
      connection.send(vipMessage({ peer: '', user: connection.routingId, id: frames[3]!, subsystem }, args))
    if (subsystem === 'hello') say(['welcome', '1.0', 'b7c0c2a2-0000-4000-8000-000000000000', connection.routingId])
    if (op === 'external_list') say(['request_response', Buffer.of(1)])
  }
}
