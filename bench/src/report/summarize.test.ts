import { describe, expect, it } from '@jest/globals'
import { resultOf } from './document.ts'
import { type Measured, spread, summarize } from './summarize.ts'

const rate = (system: Measured['system'], value: number): Measured => ({
  workload: 'federated',
  payload: '100 B',
  system,
  unit: 'msg/s',
  value,
})

describe('spread', () => {
  it.each([
    [[5], { median: 5, min: 5, max: 5 }],
    [[9, 1, 2], { median: 2, min: 1, max: 9 }],
    [[10, 30, 1, 20], { median: 15, min: 1, max: 30 }],
  ])('of %j', (values, expected) => {
    expect(spread(values)).toEqual(expected)
  })

  it('does not sort as text, nor the list it was given', () => {
    const values = [100, 20, 3]
    expect(spread(values).median).toBe(20)
    expect(values).toEqual([100, 20, 3])
  })
})

describe('summarize', () => {
  it('gives one row for each workload, payload, system and unit', () => {
    const rows = summarize([rate('volttron-ts', 10), rate('nats', 5), rate('volttron-ts', 30), rate('nats', 7)])
    expect(rows).toEqual([
      {
        workload: 'federated',
        payload: '100 B',
        system: 'volttron-ts',
        unit: 'msg/s',
        median: 20,
        min: 10,
        max: 30,
        rounds: 2,
      },
      { workload: 'federated', payload: '100 B', system: 'nats', unit: 'msg/s', median: 6, min: 5, max: 7, rounds: 2 },
    ])
    expect(summarize([rate('nats', 1), { ...rate('nats', 2), payload: '1 KiB' }])).toHaveLength(2)
  })

  it('shows a fault only when it happened', () => {
    const lost = (value: number): Measured => ({ ...rate('nats', value), workload: 'federated-lost', unit: '% lost' })
    expect(summarize([lost(0), lost(0)])).toEqual([])
    expect(summarize([lost(0), lost(0.5)])).toMatchObject([{ median: 0.25, max: 0.5 }])
  })

  it('keeps a rate of zero', () => {
    expect(summarize([rate('nats', 0)])).toHaveLength(1)
  })

  it('takes the median of each percentile over the rounds', () => {
    const latency = (p50: number, p99: number, p999: number): Measured => ({
      workload: 'latency-1k',
      payload: '100 B',
      system: 'nats',
      unit: 'ms',
      value: p50,
      percentiles: { p50, p99, p999 },
    })
    const [row] = summarize([latency(1, 20, 300), latency(2, 10, 100), latency(3, 30, 200)])
    expect(resultOf(row!)).toEqual({
      workload: 'latency-1k',
      payload: '100 B',
      system: 'nats',
      unit: 'ms',
      median: 2,
      min: 1,
      max: 3,
      rounds: 3,
      p50: 2,
      p99: 20,
      p999: 200,
    })
  })
})

describe('a result of the document', () => {
  it('has six digits', () => {
    expect(resultOf(summarize([rate('nats', 123456.789)])[0]!).median).toBe(123457)
    expect(resultOf(summarize([rate('nats', 0.12345678)])[0]!).median).toBe(0.123457)
  })

  it('has no percentiles unless it is a latency', () => {
    expect(Object.keys(resultOf(summarize([rate('nats', 1)])[0]!))).toEqual([
      'workload',
      'payload',
      'system',
      'unit',
      'median',
      'min',
      'max',
      'rounds',
    ])
  })
})
