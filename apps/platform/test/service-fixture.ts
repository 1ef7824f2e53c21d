/** A service on a bus without sockets, and agents that call it. */
import { sequentialIds } from '@volttron/rpc'
import { ServicePeer } from '../src/router/service-peer.ts'
import { ServiceMethods } from '../src/services/service-methods.ts'
import type { BusFixture, FakeConnection } from './bus-fixture.ts'

export interface ServiceOnBus {
  readonly methods: ServiceMethods
  readonly service: ServicePeer
}

/** Puts a service without methods on the bus. */
export function serviceOn(fixture: BusFixture, identity: string): ServiceOnBus {
  const { bus, router, setTimer } = fixture
  const methods = new ServiceMethods(identity, bus.authority)
  const service = new ServicePeer(identity, methods, { bus, router, newId: sequentialIds('test'), setTimer })
  bus.peers.add(identity, service)
  return { methods, service }
}

/** Lets what is under way without timers and files come to its end. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The outcome of a call. */
export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> }
}

/** A request for a method that another peer made of this agent. */
export interface Received {
  readonly method: string
  readonly params: unknown
  /** Answers it. */
  answer(result: unknown): void
}

/** An agent that calls services and is called by them. */
export class Caller {
  readonly connection: FakeConnection
  readonly #messages: string[][] = []
  #lastId = 0

  constructor(connection: FakeConnection) {
    this.connection = connection
  }

  /** Calls a method, and gives the answer once it has come. */
  call(service: string, method: string, params?: unknown): () => Answer | undefined {
    const id = `q${++this.#lastId}`
    const request = { jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }), id }
    this.connection.vip(service, 'RPC', id, JSON.stringify(request))
    return () => {
      const answer = this.#take(({ id: of, method: called }) => of === id && called === undefined)
      return answer && { ...answer.json }
    }
  }

  /** The oldest request that has not been taken. */
  request(): Received | undefined {
    const request = this.#take(({ method }) => method !== undefined)
    if (!request) return undefined
    const { peer, id, json } = request
    return {
      method: json.method,
      params: json.params,
      answer: (result) => this.connection.vip(peer, 'RPC', id, JSON.stringify({ jsonrpc: '2.0', id: json.id, result })),
    }
  }

  #take(isWanted: (json: { id?: unknown; method?: string }) => boolean) {
    this.#messages.push(...this.connection.heard().filter((frames) => frames[4] === 'RPC'))
    const at = this.#messages.findIndex((frames) => isWanted(JSON.parse(frames[5]!)))
    if (at < 0) return undefined
    const [frames] = this.#messages.splice(at, 1)
    return { peer: frames![0]!, id: frames![3]!, json: JSON.parse(frames![5]!) }
  }
}
