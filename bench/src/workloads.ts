/** What is measured. Each workload gives rows of figures, one per round. */
import { setTimeout as pause } from 'node:timers/promises'
import { Agent } from '@volttron/agent'
import { type Bench, type Client, cpuSeconds, memoryMb, type Site } from './bench.ts'

export interface Figure {
  readonly workload: string
  readonly payload: string
  readonly unit: string
  readonly value: number
}

export interface Sites {
  readonly bench: Bench
  readonly a: Site
  readonly b: Site
  readonly publisher: Client
  readonly subscriber: Client
  readonly quick: boolean
}

const TOPIC = 'bench/topic'

/** Publisher at A, subscriber at B, one link, CURVE everywhere, four processes; at most once. */
export async function federated(sites: Sites, bytes: number, json: boolean): Promise<Figure[]> {
  const messages = sites.quick ? 100_000 : bytes > 500 ? 200_000 : 600_000
  const before = cpuSeconds(sites.a.program.child.pid!) + cpuSeconds(sites.b.program.child.pid!)
  const counted = sites.subscriber.ask({ do: 'count', messages }, 'count')
  await sites.publisher.ask({ do: 'publish', topic: TOPIC, messages, bytes, json }, 'publish')
  const { seconds, messages: arrived } = await counted
  const cpu = cpuSeconds(sites.a.program.child.pid!) + cpuSeconds(sites.b.program.child.pid!) - before
  const workload = json ? 'federated-json' : 'federated'
  const payload = `${bytes} B`
  return [
    { workload, payload, unit: 'msg/s', value: arrived / seconds },
    { workload: `${workload}-lost`, payload, unit: '%', value: (1 - arrived / messages) * 100 },
    { workload: `${workload}-broker-cpu`, payload, unit: 'CPU s per million', value: (cpu / messages) * 1e6 },
  ]
}

export async function latency(sites: Sites, perSecond: number): Promise<Figure[]> {
  const messages = perSecond * (sites.quick ? 3 : 10)
  const measured = sites.subscriber.ask({ do: 'measure', messages }, 'measure')
  await sites.publisher.ask({ do: 'pace', topic: TOPIC, messages, perSecond, bytes: 100 }, 'pace')
  const sorted = (await measured).latenciesMs.sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  const workload = `latency-${perSecond / 1000}k`
  return [
    { workload: `${workload} p50`, payload: '100 B', unit: 'ms', value: at(0.5) },
    { workload: `${workload} p99`, payload: '100 B', unit: 'ms', value: at(0.99) },
    { workload: `${workload} p99.9`, payload: '100 B', unit: 'ms', value: at(0.999) },
  ]
}

/** From the start of the process to the first message an agent gets, which waits for the platform meanwhile. */
export async function start({ bench }: Sites, round: number): Promise<Figure[]> {
  const name = `bench-start-${round}`
  const first = await bench.programs.startPlatform(name, ['--address', 'tcp://127.0.0.1:0'])
  await bench.programs.vctl(first.home, 'auth', 'add', 'first')
  first.child.kill('SIGTERM')
  await first.ended
  const agent = new Agent({ identity: 'first', volttronHome: first.home })
  const startedAt = performance.now()
  const again = bench.programs.startPlatform(name, ['--address', 'tcp://127.0.0.1:0'])
  await agent.start()
  const delivered = new Promise<number>((resolve) => {
    void agent.vip.pubsub.subscribe({ prefix: TOPIC, callback: () => resolve(performance.now() - startedAt) })
  })
  await agent.vip.pubsub.publish({ topic: TOPIC, message: 1 })
  const ms = await delivered
  await agent.stop()
  const program = await again
  program.child.kill('SIGTERM')
  await program.ended
  return [{ workload: 'start', payload: '', unit: 's', value: ms / 1000 }]
}

export async function idle(sites: Sites): Promise<Figure[]> {
  const { bench } = sites
  const program = await bench.programs.startPlatform(`bench-idle-${Date.now() % 1e6}`, [
    '--address',
    'tcp://127.0.0.1:0',
  ])
  await pause(3_000)
  const value = memoryMb(program.child.pid!)
  program.child.kill('SIGTERM')
  await program.ended
  return [
    { workload: 'idle', payload: '', unit: 'MB', value },
    { workload: 'after-load', payload: '', unit: 'MB', value: memoryMb(sites.b.program.child.pid!) },
  ]
}
