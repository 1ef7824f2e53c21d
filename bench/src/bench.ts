/** The platforms and clients of one benchmark run. */
import { readFileSync } from 'node:fs'
import { type Program, Programs } from '@volttron/testkit'
import type { Answer, Order } from './worker.ts'

export interface Client {
  /** Gives an order and waits for its answer. */
  ask<K extends Answer['did']>(order: Order, did: K): Promise<Extract<Answer, { did: K }>>
}

export interface Site {
  readonly name: string
  readonly home: string
  readonly program: Program
}

/** Whoever waits for an answer. */
interface Expected {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** The kernel counts the time of processes in ticks of this length. */
const TICK_SECONDS = 0.01

export class Bench {
  readonly programs = new Programs()
  #clients = 0

  async pair(): Promise<readonly [Site, Site]> {
    const registry = await this.programs.startRegistry()
    const federation = ['--enable-federation', '--federation-url', registry.url, '--address', 'tcp://127.0.0.1:0']
    const start = async (name: string): Promise<Site> => {
      const program = await this.programs.startPlatform(name, federation)
      return { name, home: program.home, program }
    }
    return [await start('bench-a'), await start('bench-b')]
  }

  async client(site: Site, role: string): Promise<Client> {
    const identity = `${role}-${++this.#clients}`
    const added = await this.programs.vctl(site.home, 'auth', 'add', identity)
    if (added.code !== 0) throw new Error(`vctl auth add: ${added.stderr}`)
    const { child } = this.programs.start(identity, 'bench/dist/worker.js', [identity, site.home])
    const waiting = new Map<string, Expected>()
    child.on('message', (answer: Answer) => waiting.get(answer.did)?.resolve(answer))
    child.once('exit', () => {
      const error = new Error(`${identity} ended:\n${this.programs.tail(identity)}`)
      for (const { reject } of waiting.values()) reject(error)
    })
    const expect = (did: string) =>
      new Promise<Answer>((resolve, reject) => {
        waiting.set(did, { resolve, reject })
      })
    await expect('start')
    return {
      ask(order, did) {
        const answer = expect(did)
        child.send(order)
        return answer as Promise<never>
      },
    }
  }

  async cleanUp(): Promise<void> {
    await this.programs.cleanUp()
  }
}

/** Resident memory of a process, in MB. */
export function memoryMb(pid: number): number {
  const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(pages?.[1] ?? 0) / 1000
}

/** CPU seconds a process has used so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}
