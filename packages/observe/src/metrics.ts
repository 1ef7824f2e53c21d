/**
 * The catalogue of what is counted, and the numbers. Names and help are written here and nowhere else; an exporter renders
 * a snapshot for Prometheus or a status page.
 */

interface Metric {
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  /** Name of the one label; its values must come from a small, fixed set, never from peers or topics. */
  readonly label?: string
}

const metric = <const M extends Metric>(m: M): M => m

export const metricCatalogue = {
  connections_open: metric({ kind: 'gauge', help: 'Connections that have proven a key' }),
  connections_accepted_total: metric({ kind: 'counter', help: 'Connections that proved a key' }),
  connections_refused_total: metric({ kind: 'counter', help: 'Connections refused, by reason', label: 'reason' }),
  connections_closed_total: metric({ kind: 'counter', help: 'Connections closed, by reason', label: 'reason' }),
  router_messages_total: metric({
    kind: 'counter',
    help: 'Messages the router took, by subsystem',
    label: 'subsystem',
  }),
  router_bytes_total: metric({ kind: 'counter', help: 'Bytes of the messages the router took' }),
  router_refused_total: metric({ kind: 'counter', help: 'Messages refused, by reason', label: 'reason' }),
  router_malformed_total: metric({ kind: 'counter', help: 'Messages that are no VIP messages' }),
  pubsub_published_total: metric({ kind: 'counter', help: 'Publishes accepted from local agents' }),
  pubsub_delivered_total: metric({ kind: 'counter', help: 'Deliveries handed to local agents' }),
  pubsub_dropped_total: metric({ kind: 'counter', help: 'Deliveries dropped, by reason', label: 'reason' }),
  pubsub_subscriptions: metric({ kind: 'gauge', help: 'Subscriptions of local agents' }),
  rpc_forwarded_total: metric({ kind: 'counter', help: 'RPC messages forwarded between peers' }),
  federation_sessions_open: metric({ kind: 'gauge', help: 'Sessions with other platforms that are up' }),
  federation_sent_total: metric({ kind: 'counter', help: 'Records sent to other platforms' }),
  federation_received_total: metric({ kind: 'counter', help: 'Records received from other platforms' }),
  federation_dropped_total: metric({
    kind: 'counter',
    help: 'Records not sent or not taken, by reason',
    label: 'reason',
  }),
  federation_refused_total: metric({
    kind: 'counter',
    help: 'What a session asked for in vain, by reason',
    label: 'reason',
  }),
  registry_requests_total: metric({ kind: 'counter', help: 'Requests to the registry, by outcome', label: 'outcome' }),
} as const

export type MetricCatalogue = typeof metricCatalogue
export type MetricName = keyof MetricCatalogue
type Labelled = { [N in MetricName]: MetricCatalogue[N] extends { label: string } ? N : never }[MetricName]
type Plain = Exclude<MetricName, Labelled>

export interface MetricSample {
  readonly name: MetricName
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  /** `undefined` for a metric without label. */
  readonly label: string | undefined
  readonly labelValue: string | undefined
  readonly value: number
}

/** Numbers of one process. The plain ones are fields, so that the hot path just adds: `metrics.count.router_bytes_total += n`. */
export class MetricSet {
  readonly count: Record<Plain, number>
  readonly #labelled = new Map<Labelled, Map<string, number>>()

  constructor() {
    const names = Object.keys(metricCatalogue) as MetricName[]
    const plain = names.filter((name): name is Plain => !('label' in metricCatalogue[name]))
    this.count = Object.fromEntries(plain.map((name) => [name, 0])) as Record<Plain, number>
  }

  /** Adds to a metric with a label. */
  add(name: Labelled, labelValue: string, by = 1): void {
    let values = this.#labelled.get(name)
    if (!values) {
      values = new Map()
      this.#labelled.set(name, values)
    }
    values.set(labelValue, (values.get(labelValue) ?? 0) + by)
  }

  /** Sum over all values of the label. */
  total(name: Labelled): number {
    let sum = 0
    for (const value of this.#labelled.get(name)?.values() ?? []) sum += value
    return sum
  }

  snapshot(): MetricSample[] {
    const samples: MetricSample[] = []
    for (const [name, { kind, help, ...rest }] of Object.entries(metricCatalogue) as [MetricName, Metric][]) {
      const row = { name, kind, help, label: rest.label }
      if (rest.label === undefined) {
        samples.push({ ...row, labelValue: undefined, value: this.count[name as Plain] })
      } else {
        for (const [labelValue, value] of this.#labelled.get(name as Labelled) ?? []) {
          samples.push({ ...row, labelValue, value })
        }
      }
    }
    return samples
  }
}
