/** One agent of a {@link PythonProcess}: its methods carry out what an author in Python would write. */
import { eventually } from '@volttron/testkit'
import { PATIENCE_MS } from '../../test/support/stage.ts'

export type PythonEvent =
  | PythonMessage
  | {
      readonly agent: string
      readonly event: 'config'
      readonly name: string
      readonly action: string
      /** As JSON text. */
      readonly contents: string
    }
  | { readonly agent: string; readonly event: 'peer-added' | 'peer-dropped'; readonly peer: string }
  | { readonly agent: string; readonly event: 'noted'; readonly text: string }
  | { readonly agent: string; readonly event: 'connected' }
  | { readonly agent: string; readonly event: 'ended'; readonly why: string }

export interface PythonMessage {
  readonly agent: string
  readonly event: 'message'
  readonly sender: string
  readonly bus: string
  readonly topic: string
  readonly headers: Readonly<Record<string, unknown>>
  /** As JSON text in Python's spelling, with NaN and integers of any size. */
  readonly message: string
}

type EventOf<K extends PythonEvent['event']> = Extract<PythonEvent, { event: K }>

/** JSON text that is passed on as it is, for what JavaScript cannot write. */
export class Raw {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export interface Order {
  readonly do: string
  readonly [more: string]: unknown
}

/** Who takes orders for agents. */
export interface Driver {
  /** Resolves to the result as JSON text. @throws PythonError */
  carryOut(agent: string, order: Order): Promise<string>
}

export class PythonAgent {
  readonly identity: string
  readonly #driver: Driver
  /** All that it was told, oldest first. */
  readonly events: PythonEvent[] = []

  constructor(driver: Driver, identity: string) {
    this.#driver = driver
    this.identity = identity
  }

  get messages(): PythonMessage[] {
    return this.events.filter((event) => event.event === 'message')
  }

  /** The bodies that came on topics under this prefix, as JSON text. */
  bodies(prefix = ''): string[] {
    return this.messages.filter(({ topic }) => topic.startsWith(prefix)).map(({ message }) => message)
  }

  /** The first event of this kind that is as wanted. */
  heard<K extends PythonEvent['event']>(
    kind: K,
    isIt: (event: EventOf<K>) => boolean = () => true,
  ): Promise<EventOf<K>> {
    return eventually(
      () => this.events.find((one): one is EventOf<K> => one.event === kind && isIt(one as EventOf<K>)),
      {
        timeoutMs: PATIENCE_MS,
        what: `${kind} at ${this.identity}`,
      },
    )
  }

  /** Resolves to the result of the library as JSON text. @throws PythonError */
  vipText(
    method: string,
    args: readonly unknown[] | Raw = [],
    kwargs: object | Raw = {},
    seconds?: number,
  ): Promise<string> {
    const order = { do: 'vip', method, args: textOf(args), kwargs: textOf(kwargs) }
    return this.#driver.carryOut(this.identity, seconds === undefined ? order : { ...order, seconds })
  }

  /** A method of `agent.vip`. @throws PythonError */
  async vip(
    method: string,
    args: readonly unknown[] | Raw = [],
    kwargs: object | Raw = {},
    seconds?: number,
  ): Promise<unknown> {
    return JSON.parse(await this.vipText(method, args, kwargs, seconds))
  }

  /** `vip.rpc.call(...).get()` @throws PythonError */
  call(peer: string, method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.vip('rpc.call', [peer, method, ...args])
  }

  /** Several calls in one message; an error among the results is `{ error }`. */
  async batch(
    peer: string,
    calls: readonly (readonly [notify: boolean, method: string, args: unknown[], kwargs: object])[],
  ) {
    return JSON.parse(await this.#driver.carryOut(this.identity, { do: 'batch', peer, calls: textOf(calls) }))
  }

  /** Frames to the platform that no method of the library sends. */
  async send(subsystem: string, args: readonly unknown[]): Promise<void> {
    await this.#driver.carryOut(this.identity, { do: 'send', subsystem, args: textOf(args) })
  }

  publish(topic: string, message: unknown, headers: object = {}): Promise<unknown> {
    return this.vip(
      'pubsub.publish',
      ['pubsub', topic],
      new Raw(`{"headers": ${textOf(headers)}, "message": ${textOf(message)}}`),
    )
  }

  async subscribe(prefix: string, options: { readonly all_platforms?: boolean } = {}): Promise<unknown> {
    return JSON.parse(await this.#driver.carryOut(this.identity, { do: 'subscribe', prefix, options }))
  }

  async unsubscribe(prefix: string): Promise<unknown> {
    return JSON.parse(await this.#driver.carryOut(this.identity, { do: 'unsubscribe', prefix }))
  }

  async burst(topic: string, messages: number): Promise<void> {
    await this.#driver.carryOut(this.identity, { do: 'burst', topic, messages })
  }

  async stop(): Promise<void> {
    await this.#driver.carryOut(this.identity, { do: 'stop' })
  }
}

const textOf = (value: unknown): string => (value instanceof Raw ? value.text : JSON.stringify(value))
