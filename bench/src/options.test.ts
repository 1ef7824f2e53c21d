import { describe, expect, it } from '@jest/globals'
import { HELP, type Options, readOptions, UsageError } from './options.ts'
import { workloads } from './workloads/index.ts'

const read = (...words: string[]): Options => readOptions(words) as Options

describe('the options of the benchmark', () => {
  it('are ours alone, every workload and three rounds when nothing is said', () => {
    const options = read()
    expect(options.systems).toEqual(['volttron-ts'])
    expect(options.workloads).toEqual(workloads)
    expect(options).toMatchObject({ rounds: 3, json: false, save: false })
  })

  it('take all peers, whatever follows --peers', () => {
    const all = ['volttron-ts', 'nats', 'nats-tls', 'mosquitto', 'rabbitmq', 'volttron-python']
    expect(read('--peers').systems).toEqual(all)
    expect(read('--peers', '--quick').systems).toEqual(all)
    expect(read('--peers', '--quick').rounds).toBe(2)
  })

  it('take some peers by name, in the order of the tables', () => {
    expect(read('--peers', 'mosquitto,nats').systems).toEqual(['volttron-ts', 'nats', 'mosquitto'])
    expect(read('--peers=nats-tls').systems).toEqual(['volttron-ts', 'nats-tls'])
  })

  it('take workloads by name, with all their payloads', () => {
    const chosen = read('--workloads', 'rpc-link,federated').workloads
    expect(chosen.map(({ names, payload }) => [names[0], payload])).toEqual([
      ['federated', '100 B'],
      ['federated', '1 KiB'],
      ['rpc-link', '1 at a time'],
      ['rpc-link', '64 in flight'],
    ])
    expect(read('--workloads', 'idle').workloads).toHaveLength(1)
  })

  it('measure for a shorter time with --quick, and as many rounds as asked for', () => {
    expect(read('--quick').effort.rateSeconds).toBeLessThan(read().effort.rateSeconds)
    expect(read('--quick', '--rounds', '7').rounds).toBe(7)
  })

  it.each([
    [['--frob'], /--frob/],
    [['frob'], /frob/],
    [['--rounds'], /--rounds/],
    [['--rounds', '0'], /whole number/],
    [['--rounds', 'two'], /whole number/],
    [['--workloads', 'federatd'], /no such workload: 'federatd'; there are federated, /],
    [['--workloads', ''], /no such workload: ''/],
    [['--peers', 'kafka'], /no such peer: 'kafka'; there are nats, /],
    [['--peers', 'volttron-ts'], /no such peer/],
  ])('say in one line what is wrong with %j', (words, message) => {
    const attempt = () => readOptions(words)
    expect(attempt).toThrow(UsageError)
    expect(attempt).toThrow(message)
    expect(attempt).not.toThrow(/\n/)
  })

  it('explain themselves: every workload has its line', () => {
    expect(readOptions(['--quick', '-h'])).toBe('help')
    for (const { names } of workloads) expect(HELP).toContain(names.join(', '))
  })
})

describe('the workloads', () => {
  it('have the names that results are compared by', () => {
    expect([...new Set(workloads.flatMap(({ names }) => names))]).toEqual([
      'federated',
      'federated-json',
      'federated-acked',
      'latency-1k',
      'latency-5k',
      'fanout-50',
      'local',
      'rpc-local',
      'rpc-link',
      'classic',
      'classic-python',
      'storm-1000',
      'prefixes-100k',
      'stalled',
      'start',
      'idle',
    ])
  })
})
