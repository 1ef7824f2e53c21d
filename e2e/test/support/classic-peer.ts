/** A peer that speaks plain VIP1, as Python agents do: frames in, frames out, nothing else. */
import { eventually } from '@volttron/testkit'
import { type Connection, dial } from '@volttron/transport'
import { frameText, isVipMessage, type KeyPair, type PublicKey, vipMessage } from '@volttron/vip'
import { addressesOf, credential, type Stage } from './stage.ts'

export interface ClassicMessage {
  readonly peer: string
  readonly user: string
  readonly id: string
  readonly subsystem: string
  readonly args: readonly string[]
}

export class ClassicPeer {
  readonly connection: Connection
  readonly received: ClassicMessage[] = []
  closed: string | undefined
  #lastId = 0

  constructor(connection: Connection) {
    this.connection = connection
    connection.start({
      onMessage: (frames) => {
        const text = frames.map(frameText)
        const [peer = '', , user = '', id = '', subsystem = '', ...args] = text
        if (isVipMessage(frames)) this.received.push({ peer, user, id, subsystem, args })
      },
      onClose: (reason) => {
        this.closed = reason
      },
    })
  }

  /** Connects under `routingId` with the key of `identity`, and says nothing yet. */
  static async dial(stage: Stage, home: string, identity: string, routingId = identity): Promise<ClassicPeer> {
    const { publickey, secretkey } = credential(home, identity)
    const peer = new ClassicPeer(
      await dial({
        address: addressesOf(home)[0]!,
        serverKey: credential(home, 'platform').publickey as PublicKey,
        keys: { publicKey: publickey, secretKey: secretkey } as KeyPair,
        routingId,
      }),
    )
    stage.defer(async () => peer.connection.close('the test is over'))
    return peer
  }

  /** Connects and gets its welcome. */
  static async connect(stage: Stage, home: string, identity: string): Promise<ClassicPeer> {
    await stage.addKeys(home, identity)
    const peer = await ClassicPeer.dial(stage, home, identity)
    await peer.ask('', 'hello', ['hello'])
    return peer
  }

  send(peer: string, subsystem: string, args: readonly (string | Uint8Array)[], id = this.nextId()): string {
    this.connection.send(vipMessage({ peer, id, subsystem }, args))
    return id
  }

  /** Sends, and waits for what comes back under the same id. */
  async ask(peer: string, subsystem: string, args: readonly (string | Uint8Array)[]): Promise<ClassicMessage> {
    const id = this.send(peer, subsystem, args)
    return eventually(() => this.received.find((message) => message.id === id), {
      what: `an answer to ${subsystem} ${String(args[0])}; received ${JSON.stringify(this.received.slice(-3))}`,
    })
  }

  nextId(): string {
    return `ask.${++this.#lastId}`
  }
}
