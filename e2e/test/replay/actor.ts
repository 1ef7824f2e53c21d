/** A recorded agent, played by a plain VIP1 connection with real CURVE: it says what it said, and keeps what it is told. */
import { eventually } from '@volttron/testkit'
import { type Connection, dial } from '@volttron/transport'
import { FrameAt, type KeyPair, type PublicKey, vipMessage } from '@volttron/vip'
import { addressesOf, credential } from '../support/stage.ts'
import { type Message, subsystemOf, textOf } from './messages.ts'

const PROBE_ID = 'replay.probe.'

export class Actor {
  readonly identity: string
  /** What came and has not been looked for yet, oldest first. */
  readonly inbox: Message[] = []
  closed: string | undefined
  readonly #connection: Connection
  #probes = 0

  private constructor(identity: string, connection: Connection) {
    this.identity = identity
    this.#connection = connection
    connection.start({
      onMessage: (frames) => {
        this.inbox.push(frames.map((frame) => Buffer.from(frame)))
      },
      onClose: (reason) => {
        this.closed = reason
      },
    })
  }

  /** Connects under `identity` with the key of `keyOf`, and says nothing yet. */
  static async connect(home: string, identity: string, keyOf = identity): Promise<Actor> {
    const { publickey, secretkey } = credential(home, keyOf)
    const connection = await dial({
      address: addressesOf(home)[0]!,
      serverKey: credential(home, 'platform').publickey as PublicKey,
      keys: { publicKey: publickey, secretKey: secretkey } as KeyPair,
      routingId: identity,
    })
    return new Actor(identity, connection)
  }

  send(frames: Message): void {
    this.#connection.send(frames)
  }

  /** Waits until the router has taken everything sent so far, and everything it sent before its answer is here. */
  async settle(): Promise<void> {
    const id = `${PROBE_ID}${++this.#probes}`
    this.send(vipMessage({ peer: '', id, subsystem: 'ping' }, ['ping']).map((frame) => Buffer.from(frame)))
    const isAnswer = (message: Message) => textOf(message, FrameAt.id) === id
    await eventually(() => this.closed !== undefined || this.inbox.some(isAnswer), {
      what: `the answer to a ping of ${this.identity}`,
    })
    const at = this.inbox.findIndex(isAnswer)
    if (at >= 0) this.inbox.splice(at, 1)
  }

  /** Takes the first message that fits out of the inbox. */
  take(fits: (message: Message) => boolean): Message | undefined {
    const at = this.inbox.findIndex(fits)
    return at < 0 ? undefined : this.inbox.splice(at, 1)[0]
  }

  close(): void {
    this.#connection.close('the replay is over')
  }
}

/** A ping of the router to find out whether a peer lives belongs to no recording. */
export const isChallenge = (message: Message): boolean =>
  subsystemOf(message) === 'ping' && textOf(message, FrameAt.id).startsWith('challenge.')
