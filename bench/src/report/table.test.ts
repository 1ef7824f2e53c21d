import { describe, expect, it } from '@jest/globals'
import { number } from './number.ts'
import { ratioText } from './ratio.ts'
import { type Row, spread } from './summarize.ts'
import { cells, markdownTable, textTable } from './table.ts'

const row = (workload: string, system: Row['system'], median: number, unit: Row['unit'] = 'msg/s'): Row => ({
  workload,
  payload: '100 B',
  system,
  unit,
  ...spread([median]),
  rounds: 1,
})

describe('the ratio of ours to theirs', () => {
  it('is good when there is more of a rate', () => {
    expect(ratioText(200, 100, 'msg/s')).toBe('2.00 better')
    expect(ratioText(50, 100, 'deliveries/s')).toBe('0.500 worse')
  })

  it('is good when there is less of a time, of memory or of processor time', () => {
    expect(ratioText(0.5, 1, 'ms')).toBe('0.500 better')
    expect(ratioText(90, 16, 'MB')).toBe('5.63 worse')
    expect(ratioText(1, 2000, 'CPU s per million')).toBe('0.000500 better')
  })

  it('is neither when they are alike, and nothing when there is nothing to divide by', () => {
    expect(ratioText(999, 1000, 'msg/s')).toBe('0.999 equal')
    expect(ratioText(1, 0, 's')).toBe('-')
  })
})

describe('the table', () => {
  it('puts the systems of a workload together, ours first, each peer with its ratio', () => {
    const rows = [row('local', 'nats', 10), row('federated', 'volttron-ts', 6), row('local', 'volttron-ts', 20)]
    const lines = cells([...rows, row('federated', 'nats', 3)])
    expect(lines.map((line) => [line[0], line[2], line.at(-1)])).toEqual([
      ['workload', 'system', 'ours / theirs: ours is'],
      ['local', 'volttron-ts', ''],
      ['local', 'nats', '2.00 better'],
      ['federated', 'volttron-ts', ''],
      ['federated', 'nats', '2.00 better'],
    ])
  })

  it('has no column of ratios without a peer, and no ratio where ours has no row', () => {
    expect(cells([row('local', 'volttron-ts', 1)])[0]).not.toContain('ours / theirs: ours is')
    expect(cells([row('local', 'nats', 1)])[1]!.at(-1)).toBe('')
  })

  it('compares only what has the same payload and unit', () => {
    const other = { ...row('local', 'nats', 10), payload: '1 KiB' }
    expect(cells([row('local', 'volttron-ts', 1), other])[2]!.at(-1)).toBe('')
  })

  it('gives each percentile of a latency a row and a ratio of its own', () => {
    const latency = (system: Row['system'], p99: number): Row => ({
      ...row('latency-1k', system, 1, 'ms'),
      percentiles: { p50: spread([1]), p99: spread([p99]), p999: spread([9]) },
    })
    const lines = cells([latency('volttron-ts', 2), latency('nats', 4)])
    expect(lines.slice(1).map((line) => [line[0], line[2], line[3], line.at(-1)])).toEqual([
      ['latency-1k p50', 'volttron-ts', '1.00', ''],
      ['latency-1k p50', 'nats', '1.00', '1.00 equal'],
      ['latency-1k p99', 'volttron-ts', '2.00', ''],
      ['latency-1k p99', 'nats', '4.00', '0.500 better'],
      ['latency-1k p99.9', 'volttron-ts', '9.00', ''],
      ['latency-1k p99.9', 'nats', '9.00', '1.00 equal'],
    ])
  })

  it('has columns of equal width on a terminal', () => {
    const lines = textTable([row('local', 'volttron-ts', 1), row('federated-json', 'volttron-ts', 2)]).split('\n')
    const starts = lines.map((line) => line.search(/payload|100 B/))
    expect(new Set(starts).size).toBe(1)
  })

  it('is a table in Markdown too', () => {
    const lines = markdownTable([row('local', 'volttron-ts', 1234.5)]).split('\n')
    expect(lines).toEqual([
      '| workload | payload | system | median | min - max | unit | rounds |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| local | 100 B | volttron-ts | 1,235 | 1,235 - 1,235 | msg/s | 1 |',
    ])
  })
})

describe('a number', () => {
  it.each([
    [1234567.8, '1,234,568'],
    [999.6, '1,000'],
    [123.4, '123'],
    [12.345, '12.3'],
    [0.01234, '0.0123'],
    [0, '0'],
  ])('%d is shown as %s', (value, text) => {
    expect(number(value)).toBe(text)
  })
})
