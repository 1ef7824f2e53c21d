/** The router's side of a recording, with real CURVE: it says what was recorded, and keeps what an agent of the SDK says. */
import { type Connection, FrontDoor, generateKeyPair } from '@volttron/transport'
import { FrameAt, formatAddress, parseAddress, ReservedIdentity, vipMessage } from '@volttron/vip'
import { type Message, subsystemOf, textOf } from './messages.ts'

const INSTANCE_NAME = 'platA'
const SETTLE_ID = 'replay.settle'
const ROUTER_ID = 'c2fdd37b-82fe-473a-b9f3-354a079b0d99'

export class RecordedRouter {
  readonly keys = generateKeyPair()
  /** What the agent has said while it connected. */
  greeting: Message[] = []
  /** What it has asked of platform.auth for its own sake. */
  readonly aside: Message[] = []
  /** The recording asks for the protected methods itself. */
  isAskedFor = false
  /** What it has said since then, oldest first. */
  readonly inbox: Message[] = []
  #door!: FrontDoor
  #connection: Connection | undefined
  #isGreeting = true
  #settled: (() => void) | undefined

  static async open(): Promise<RecordedRouter> {
    const router = new RecordedRouter()
    router.#door = await FrontDoor.listen({
      addresses: [parseAddress('tcp://127.0.0.1:0')],
      serverKeys: router.keys,
      admit: async () => ({ verdict: 'accept' }),
      onConnection: (connection) => {
        router.#connection = connection
        const onMessage = (frames: Buffer[]) => router.#receive(frames.map((frame) => Buffer.from(frame)))
        connection.start({ onMessage, onClose: () => {} })
      },
    })
    return router
  }

  get address(): string {
    return formatAddress(this.#door.boundAddresses[0]!)
  }

  /** The agent is connected: from here on nothing is answered but by what is recorded. */
  greeted(): void {
    this.#isGreeting = false
  }

  send(frames: Message): void {
    this.#connection!.send(frames)
  }

  /** Waits until the agent is done with everything it was sent. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#settled = resolve
      this.send(vipMessage({ peer: '', id: SETTLE_ID, subsystem: 'ping' }, ['ping']).map((frame) => Buffer.from(frame)))
    })
  }

  close(): Promise<void> {
    return this.#door.close(0)
  }

  /** As the recorded router: hello is answered by four arguments, and a property by an empty one and its value. */
  #receive(message: Message): void {
    if (textOf(message, FrameAt.id) === SETTLE_ID) return this.#settled?.()
    // Asked once, at a time of the SDK's own choice; as recorded, nothing is protected.
    if (textOf(message, FrameAt.args).includes('"get_protected_rpcs"') && !this.isAskedFor)
      return this.#answerProtected(message)
    if (!this.#isGreeting) {
      this.inbox.push(message)
      return
    }
    this.greeting.push(message)
    const id = message[FrameAt.id]!
    const identity = this.#connection!.routingId
    if (subsystemOf(message) === 'hello') {
      this.#answer({ id, subsystem: 'hello', user: identity }, ['welcome', '1.0', ROUTER_ID, identity])
    } else if (subsystemOf(message) === 'query') {
      const value = textOf(message, FrameAt.args) === 'instance-name' ? INSTANCE_NAME : ''
      this.#answer({ id, subsystem: 'query' }, ['', value])
    }
  }

  #answerProtected(message: Message): void {
    const { id } = JSON.parse(textOf(message, FrameAt.args))
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result: [] })
    const header = { peer: ReservedIdentity.auth, id: message[FrameAt.id]!, subsystem: 'RPC' }
    this.aside.push(message)
    this.send(vipMessage(header, [answer]).map((frame) => Buffer.from(frame)))
  }

  #answer(header: { id: Buffer; subsystem: string; user?: string }, args: readonly string[]): void {
    this.send(vipMessage({ peer: '', ...header }, args).map((frame) => Buffer.from(frame)))
  }
}
