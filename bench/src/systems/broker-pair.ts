/** Two brokers of somebody else with one link, and clients that need no more than an address. */
import { startClient } from '../clients/client-process.ts'
import { untilHeard } from '../clients/first-delivery.ts'
import type { BrokerProcess } from './broker-process.ts'
import type { Broker, Client, Pair, SystemName } from './system.ts'

export interface BrokerPairOptions {
  readonly system: SystemName
  readonly a: BrokerProcess
  readonly b: BrokerProcess
  /** What its connections need beside the port. */
  readonly settings?: Readonly<Record<string, string>>
}

export class BrokerPair implements Pair {
  readonly a: BrokerProcess
  readonly b: BrokerProcess
  readonly #options: BrokerPairOptions
  readonly #clients = new Set<Client>()

  constructor(options: BrokerPairOptions) {
    this.a = options.a
    this.b = options.b
    this.#options = options
  }

  async client(at: Broker, role: string): Promise<Client> {
    const { system, settings } = this.#options
    const { port } = at === this.a ? this.a : this.b
    const client = await startClient(system, { ...settings, role, port: String(port) })
    this.#clients.add(client)
    return client
  }

  /** Probes as JSON, which a subscriber to bytes takes as well. */
  async linked(topic: string): Promise<void> {
    const [publisher, subscriber] = await Promise.all([
      this.client(this.a, 'probe-from'),
      this.client(this.b, 'probe-to'),
    ])
    await subscriber.ask({ do: 'subscribe', topic, json: false }, 'subscribe')
    await untilHeard(publisher, subscriber, topic, true)
    await Promise.all([publisher.stop(), subscriber.stop()])
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.stop()))
    await Promise.all([this.a.stop(), this.b.stop()])
  }
}

/** Starts A, then B, which dials it at once; if B does not start, A is ended. */
export async function startInTurn(
  startA: () => Promise<BrokerProcess>,
  startB: () => Promise<BrokerProcess>,
): Promise<{ a: BrokerProcess; b: BrokerProcess }> {
  const a = await startA()
  try {
    return { a, b: await startB() }
  } catch (error) {
    await a.stop()
    throw error
  }
}
