import { describe, expect, it } from '@jest/globals'
import { Interrupted, Run } from './run.ts'
import type { Pair, System, SystemName } from './systems/system.ts'
import type { Effort, Figure, OwnWorkload, SharedWorkload } from './workloads/workload.ts'

const EFFORT: Effort = { rateSeconds: 0, warmUpSeconds: 0, latencySeconds: 0, settleMs: 0 }

/** What happened, in order: starts and ends of brokers, and measurements. */
function scene() {
  const events: string[] = []
  const names = new Map<Pair, SystemName>()
  const lines: string[] = []

  const system = (
    name: SystemName,
    workloads: readonly string[],
    start: () => Promise<void> = async () => {},
  ): System => ({
    name,
    workloads,
    version: async () => '1',
    async start() {
      await start()
      events.push(`start ${name}`)
      const pair: Pair = {
        a: { name: 'a', pids: [] },
        b: { name: 'b', pids: [] },
        client: () => Promise.reject(new Error('there are no clients here')),
        linked: async () => {},
        stop: async () => void events.push(`stop ${name}`),
      }
      names.set(pair, name)
      return pair
    },
  })

  const figureOf = (workload: string, pair: Pair, fails: (name: SystemName) => boolean): Figure[] => {
    const name = names.get(pair)!
    events.push(`${workload} ${name}`)
    if (fails(name)) throw new Error('it broke\n  in two lines')
    return [{ workload, payload: '100 B', unit: 'msg/s', value: 1 }]
  }
  const described = (name: string) => ({ names: [name], payload: '100 B', about: '' })
  const shared = (name: string, fails: (name: SystemName) => boolean = () => false): SharedWorkload => ({
    ...described(name),
    on: 'shared brokers',
    measure: async (pair) => figureOf(name, pair, fails),
  })
  const own = (name: string): OwnWorkload => ({
    ...described(name),
    on: 'own brokers',
    measure: async (launch) => figureOf(name, await launch(), () => false),
  })

  const run = async (systems: System[], workloads: (SharedWorkload | OwnWorkload)[], rounds: number) => {
    const race = new Run({ systems, workloads, rounds, effort: EFFORT, say: (line) => lines.push(line) })
    return await race.start()
  }
  const measured = () => events.filter((event) => !/^(start|stop) /.test(event))
  return { system, shared, own, run, events, lines, measured }
}

describe('a run', () => {
  it('measures each workload for each system in turn, and another one goes first each time', async () => {
    const { system, shared, run, measured } = scene()
    const systems = [system('volttron-ts', ['x', 'y']), system('nats', ['x', 'y'])]
    const figures = await run(systems, [shared('x'), shared('y')], 2)
    expect(measured()).toEqual([
      'x volttron-ts',
      'x nats',
      'y nats',
      'y volttron-ts',
      'x nats',
      'x volttron-ts',
      'y volttron-ts',
      'y nats',
    ])
    expect(figures).toHaveLength(8)
  })

  it('asks a system only for what it takes part in', async () => {
    const { system, shared, run, measured } = scene()
    await run([system('volttron-ts', ['x', 'y']), system('nats', ['y'])], [shared('x'), shared('y')], 1)
    expect(measured()).toEqual(['x volttron-ts', 'y nats', 'y volttron-ts'])
  })

  it('keeps brokers for the shared workloads of a round, and ends them before others get theirs', async () => {
    const { system, shared, own, run, events } = scene()
    const systems = [system('volttron-ts', ['x', 'y', 'z']), system('nats', ['x', 'z'])]
    await run(systems, [own('z'), shared('x'), shared('y')], 1)
    expect(events).toEqual([
      'start volttron-ts',
      'x volttron-ts',
      'start nats',
      'x nats',
      'y volttron-ts',
      'stop volttron-ts',
      'stop nats',
      'start volttron-ts',
      'z volttron-ts',
      'stop volttron-ts',
      'start nats',
      'z nats',
      'stop nats',
    ])
  })

  it('leaves a workload out for a system that fails in it, says so in one line, and goes on with new brokers', async () => {
    const { system, shared, run, lines, events } = scene()
    let times = 0
    const failsLate = shared('x', (name) => name === 'nats' && ++times > 1)
    const systems = [system('volttron-ts', ['x', 'y']), system('nats', ['x', 'y'])]
    const figures = await run(systems, [failsLate, shared('y')], 3)
    expect(figures.filter((one) => one.system === 'nats').map(({ workload }) => workload)).toEqual(['y', 'y', 'y'])
    expect(figures.filter((one) => one.system === 'volttron-ts')).toHaveLength(6)
    expect(lines.filter((line) => line.includes('left out'))).toEqual([
      'round 2 of 3  x 100 B  nats  left out: it broke / in two lines',
    ])
    const starts = events.filter((event) => event === 'start nats')
    expect(starts).toHaveLength(4)
  })

  it('goes on without a system that does not start', async () => {
    const { system, shared, run, lines, measured } = scene()
    const broken = system('rabbitmq', ['x', 'y'], () => Promise.reject(new Error('no port')))
    await run([broken, system('volttron-ts', ['x', 'y'])], [shared('x'), shared('y')], 2)
    expect(measured()).toHaveLength(4)
    expect(lines.filter((line) => line.includes('rabbitmq'))).toEqual([
      'round 1 of 2  x 100 B  rabbitmq  cannot take part: no port',
    ])
  })

  it('ends all brokers, whatever happens', async () => {
    const { system, shared, run, events } = scene()
    await run([system('nats', ['x'])], [shared('x', () => true)], 1)
    expect(events).toEqual(['start nats', 'x nats', 'stop nats'])
  })

  it('that is aborted ends its brokers, measures nothing more and has no figures', async () => {
    const { system, shared, events } = scene()
    const stops: SharedWorkload = { ...shared('x'), measure: () => race.abort().then(() => []) }
    const race = new Run({
      systems: [system('nats', ['x', 'y'])],
      workloads: [stops, shared('y')],
      rounds: 2,
      effort: EFFORT,
      say: () => {},
    })
    await expect(race.start()).rejects.toThrow(Interrupted)
    expect(events).toEqual(['start nats', 'stop nats'])
  })
})
