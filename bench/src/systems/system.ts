/** What every system under test looks like to a workload: two brokers with one link, and clients in processes of their own. */
import type { Answer, Order } from '../clients/orders.ts'

/** As they are called in every result, in the order of the tables. */
export const SYSTEM_NAMES = ['volttron-ts', 'nats', 'nats-tls', 'mosquitto', 'rabbitmq', 'volttron-python'] as const

export type SystemName = (typeof SYSTEM_NAMES)[number]

/** The system that the ratios are about. */
export const OURS: SystemName = 'volttron-ts'

export interface System {
  readonly name: SystemName
  /** Workloads it takes part in, by name; the others are left out of its rows. */
  readonly workloads: readonly string[]
  /** What it says of its own version; undefined when it is not installed on this machine. */
  version(): Promise<string | undefined>
  /**
   * Starts the brokers; {@link Pair.linked} waits for the link. At most one pair of a system runs at a time.
   *
   * @param folder an empty one, removed by the caller after {@link Pair.stop}
   */
  start(folder: string): Promise<Pair>
  /** Starts one broker without links, where that is another matter; what runs is ended before it resolves. */
  alone?(): Promise<Alone>
}

export interface Pair {
  readonly a: Broker
  /** Dials `a`. */
  readonly b: Broker
  /** A client process, connected. Its requests are served as `<broker>/<role>`, so a role is taken once at a time. */
  client(at: Broker, role: string, options?: ClientOptions): Promise<Client>
  /** Waits until what is published at `a` under this topic arrives at a subscriber of `b`. */
  linked(topic: string): Promise<void>
  /** How many subscriptions of the other broker this one knows of. */
  interests?(at: Broker): Promise<number>
  /** Ends brokers and clients and waits for their end. */
  stop(): Promise<void>
}

export interface Alone {
  /** From the start of the process to the first message that a waiting client gets. */
  readonly startSeconds: number
  /** Resident, at rest. */
  readonly idleMb: number
}

export interface ClientOptions {
  /** Connections it will be told to open, where each needs an account of its own. Default 1. */
  readonly connections?: number
  /**
   * Where the system takes it: VIP1 as a Python agent speaks it, sent by a program of ours, or an agent on the Python
   * library. Default: the system's own client.
   */
  readonly speaks?: 'frames of Python' | 'Python'
}

export interface Broker {
  readonly name: string
  /** Every process that belongs to it, for CPU time and memory. */
  readonly pids: readonly number[]
}

export interface Client {
  readonly pid: number
  /** Gives an order and waits for the answer to it. */
  ask<K extends Answer['did']>(order: Order, did: K): Promise<Extract<Answer, { did: K }>>
  stop(): Promise<void>
}
