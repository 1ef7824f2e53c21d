import { describe, expect, it } from '@jest/globals'
import { MetricSet, metricCatalogue } from './metrics.ts'

describe('MetricSet', () => {
  it('starts at zero and counts', () => {
    const metrics = new MetricSet()
    expect(metrics.count.router_bytes_total).toBe(0)
    metrics.count.router_bytes_total += 100
    metrics.add('pubsub_dropped_total', 'queue-full')
    metrics.add('pubsub_dropped_total', 'queue-full', 2)
    metrics.add('pubsub_dropped_total', 'expired')
    expect(metrics.total('pubsub_dropped_total')).toBe(4)
    const samples = metrics.snapshot()
    expect(samples.find(({ name }) => name === 'router_bytes_total')).toMatchObject({ value: 100, label: undefined })
    expect(samples.filter(({ name }) => name === 'pubsub_dropped_total')).toMatchObject([
      { label: 'reason', labelValue: 'queue-full', value: 3 },
      { label: 'reason', labelValue: 'expired', value: 1 },
    ])
  })

  it('has names that Prometheus accepts, counters ending in _total', () => {
    for (const [name, { kind }] of Object.entries(metricCatalogue)) {
      expect(name).toMatch(kind === 'counter' ? /^[a-z_]+_total$/ : /^[a-z_]+$/)
    }
  })
})
