import { beforeEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import type { StopSignal } from './agent-machine.ts'
import { type Crash, Supervisor } from './supervisor.ts'

/** Time that passes when the test says so, and processes that do what it says. */
class World {
  nowMs = 0
  timers = new Map<object, { atMs: number; run: () => void }>()
  processes = new Map<number, (code: number) => void>()
  signals: [number, StopSignal][] = []
  crashes: Crash[] = []
  lastPid = 0
  spawnError: Error | undefined
  /** What a process does about a signal. */
  onSignal = (pid: number, _signal: StopSignal) => this.end(pid, 0)

  supervisor = new Supervisor(
    { maxRestarts: 2, firstDelayMs: 1_000, maxDelayMs: 60_000, stableAfterMs: 60_000, stopMs: 10_000 },
    {
      clock: {
        monotonicMs: () => this.nowMs,
        setTimer: (delayMs, run) => {
          const key = {}
          this.timers.set(key, { atMs: this.nowMs + delayMs, run })
          return () => this.timers.delete(key)
        },
      },
      spawn: async () => {
        if (this.spawnError) throw this.spawnError
        const pid = ++this.lastPid
        return { pid, ended: new Promise<number>((resolve) => this.processes.set(pid, resolve)) }
      },
      signal: (pid, signal) => {
        this.signals.push([pid, signal])
        this.onSignal(pid, signal)
      },
      onCrash: (crash) => this.crashes.push(crash),
    },
  )

  end(pid: number, code: number): void {
    this.processes.get(pid)?.(code)
    this.processes.delete(pid)
  }

  async crash(): Promise<void> {
    this.end(this.lastPid, 3)
    await settle()
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    for (;;) {
      const due = [...this.timers].sort(([, one], [, other]) => one.atMs - other.atMs)[0]
      if (!due || due[1].atMs > untilMs) break
      this.timers.delete(due[0])
      this.nowMs = due[1].atMs
      due[1].run()
      await settle()
    }
    this.nowMs = untilMs
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

let world: World
let supervisor: Supervisor
beforeEach(() => {
  world = new World()
  supervisor = world.supervisor
})

describe('Supervisor', () => {
  it('starts an agent once, and says so to whoever starts it twice', async () => {
    await supervisor.start('a')
    expect(supervisor.stateOf('a')).toMatchObject({ at: 'running', pid: 1 })
    await expect(supervisor.start('a')).rejects.toMatchObject({ code: 'usage', message: 'agent is already running' })
    expect(world.lastPid).toBe(1)
  })

  it('tells why an agent cannot be started, and leaves it at that', async () => {
    world.spawnError = new VolttronError('system', 'cannot start it')
    await expect(supervisor.start('a')).rejects.toThrow('cannot start it')
    await world.pass(1_000_000)
    expect(world.crashes).toEqual([])
  })

  it('starts a crashed agent again, reports each crash, and gives up', async () => {
    await supervisor.start('a')
    await world.crash()
    await world.pass(1_000)
    expect(world.lastPid).toBe(2)
    await world.crash()
    await world.pass(3_999)
    expect(world.lastPid).toBe(2)
    await world.pass(1)
    await world.crash()
    await world.pass(1_000_000)
    expect(world.lastPid).toBe(3)
    expect(world.crashes.map(({ failures, retryInMs }) => [failures, retryInMs])).toEqual([
      [1, 1_000],
      [2, 4_000],
      [3, undefined],
    ])
    await supervisor.start('a')
    expect(world.lastPid).toBe(4)
  })

  it('waits with a stop until the process is gone, by force if need be', async () => {
    world.onSignal = (pid, signal) => signal === 'SIGKILL' && world.end(pid, -9)
    await supervisor.start('a')
    let isStopped = false
    const stopping = supervisor.stop('a').then(() => {
      isStopped = true
    })
    await world.pass(14_999)
    expect(isStopped).toBe(false)
    await world.pass(1)
    await stopping
    expect(world.signals.map(([, signal]) => signal)).toEqual(['SIGINT', 'SIGTERM', 'SIGKILL'])
    expect(world.timers.size).toBe(0)
  })

  it('stops what it has not started, or what has ended, at once', async () => {
    await supervisor.stop('a')
    await supervisor.start('a')
    await world.crash()
    await supervisor.stop('a')
    await world.pass(1_000_000)
    expect(world.lastPid).toBe(1)
  })

  it('resolves a restart when the new process is there', async () => {
    await supervisor.start('a')
    await supervisor.restart('a')
    expect(supervisor.stateOf('a')).toMatchObject({ at: 'running', pid: 2 })
  })

  it('counts the restarts after failures, and nothing that somebody has asked for', async () => {
    await supervisor.start('a')
    await supervisor.restart('a')
    await supervisor.stop('a')
    await supervisor.start('a')
    expect(supervisor.restartsOf('a')).toBe(0)
    await world.crash()
    await world.pass(1_000)
    expect(supervisor.restartsOf('a')).toBe(1)
    await supervisor.restart('a')
    await world.crash()
    world.spawnError = new VolttronError('system', 'cannot start it')
    await world.pass(1_000)
    expect(supervisor.restartsOf('a')).toBe(2)
    world.spawnError = undefined
    await supervisor.restart('a')
    expect(supervisor.restartsOf('a')).toBe(2)
    expect(supervisor.restartsOf('never')).toBe(0)
  })

  it('tells whoever restarts an agent that somebody else has stopped it', async () => {
    world.onSignal = () => {}
    await supervisor.start('a')
    const restarting = supervisor.restart('a')
    const stopping = supervisor.stop('a')
    world.end(1, 0)
    await expect(restarting).rejects.toMatchObject({ code: 'unavailable' })
    await stopping
  })

  it('tells whoever stops an agent that its process is gone, although somebody else has it started again', async () => {
    world.onSignal = () => {}
    await supervisor.start('a')
    const stopping = supervisor.stop('a')
    const restarting = supervisor.restart('a')
    world.end(1, 0)
    await stopping
    await restarting
    expect(supervisor.stateOf('a')).toMatchObject({ at: 'running', pid: 2 })
  })

  it('lets nobody start an agent that is held, and calls off a restart under way', async () => {
    world.onSignal = () => {}
    await supervisor.start('a')
    const restarting = supervisor.restart('a')
    const held = supervisor.hold('a')
    await expect(supervisor.restart('a')).rejects.toMatchObject({ code: 'unavailable' })
    world.end(1, 0)
    await held
    await expect(restarting).rejects.toMatchObject({ code: 'unavailable' })
    await expect(supervisor.start('a')).rejects.toThrow('replaced or removed')
    supervisor.release('a')
    await supervisor.start('a')
    expect(world.lastPid).toBe(2)
  })

  it('starts nothing any more once it is closed', async () => {
    await supervisor.start('a')
    await supervisor.start('b')
    await world.crash()
    await supervisor.close()
    await expect(supervisor.start('c')).rejects.toMatchObject({ code: 'unavailable' })
    await world.pass(1_000_000)
    expect([world.lastPid, world.processes.size, world.timers.size]).toEqual([2, 0, 0])
  })

  it('forgets how agents ended, and restarts that are to come only when asked', async () => {
    await supervisor.start('a')
    await world.crash()
    supervisor.forget(false)
    expect(supervisor.stateOf('a').at).toBe('waiting')
    supervisor.forget(true)
    expect(supervisor.stateOf('a')).toEqual({ at: 'idle', last: undefined })
    await world.pass(1_000_000)
    expect(world.lastPid).toBe(1)
  })
})
