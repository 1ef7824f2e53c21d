import { describe, expect, it } from '@jest/globals'
import type { Admission, Connection } from '../src/connection.ts'
import { generateKeyPair } from '../src/key-pair.ts'
import type { Scheduler } from '../src/memory-connection.ts'
import { type MemoryDialOptions, MemoryNetwork } from '../src/memory-network.ts'

/** A clock that stands still until it is told to run. */
class VirtualTime implements Scheduler {
  #now = 0
  #order = 0
  readonly #tasks: { at: number; order: number; task: () => void }[] = []

  now(): number {
    return this.#now
  }

  schedule(delayMs: number, task: () => void): void {
    this.#tasks.push({ at: this.#now + delayMs, order: this.#order++, task })
    this.#tasks.sort((a, b) => a.at - b.at || a.order - b.order)
  }

  async run(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      // Promises that depend on the tasks run so far come first.
      for (let turn = 0; turn < 8; turn++) await Promise.resolve()
      const next = this.#tasks[0]
      if (!next || next.at > until) break
      this.#tasks.shift()
      this.#now = next.at
      next.task()
    }
    this.#now = until
  }
}

function setUp(admit: (key: string) => Admission = () => ({ verdict: 'accept' })) {
  const time = new VirtualTime()
  const network = new MemoryNetwork({ scheduler: time, latencyMs: () => 10, heartbeatTimeoutMs: 1_000 })
  const serverKey = generateKeyPair().publicKey
  const accepted: Connection[] = []
  const received: string[] = []
  const closed: string[] = []
  const listener = network.listen({
    host: 'b',
    address: 'tcp://b',
    serverKey,
    admit,
    onConnection(connection) {
      accepted.push(connection)
      connection.start({
        onMessage: (frames) => received.push(frames.join('|')),
        onClose: (reason) => closed.push(reason),
      })
    },
  })
  const dial = (more: Partial<MemoryDialOptions> = {}) => {
    const outcome: { connection?: Connection; error?: Error; at?: number } = {}
    network.dial({ host: 'a', address: 'tcp://b', serverKey, keys: generateKeyPair(), ...more }).then(
      (connection) => Object.assign(outcome, { connection, at: time.now() }),
      (error) => Object.assign(outcome, { error, at: time.now() }),
    )
    return outcome
  }
  return { time, network, listener, accepted, received, closed, dial }
}

const text = (words: string) => [Buffer.from(words)]

describe('the network in memory', () => {
  it('connects and delivers in virtual time, with the latency of the path', async () => {
    const { time, accepted, received, dial } = setUp()
    const keys = generateKeyPair()
    const outcome = dial({ keys, routingId: 'agent' })
    await time.run(100)
    outcome.connection!.send(text('hello'))
    await time.run(9)
    expect(received).toEqual([])
    await time.run(2)
    expect(received).toEqual(['hello'])
    expect(accepted[0]).toMatchObject({ publicKey: keys.publicKey, routingId: 'agent' })
  })

  it('fails to dial with the errors of a real one', async () => {
    const refused = setUp(() => ({ verdict: 'refuse', reason: 'no' }))
    const waits = setUp(() => ({ verdict: 'later', reason: 'who?' }))
    const outcomes = [
      refused.dial(),
      refused.dial({ address: 'tcp://nowhere' }),
      refused.dial({ serverKey: generateKeyPair().publicKey }),
      waits.dial(),
    ]
    await refused.time.run(20_000)
    await waits.time.run(20_000)
    expect(outcomes.map(({ error }) => (error as { code?: string }).code)).toEqual([
      'denied',
      'unavailable',
      'config',
      'timeout',
    ])
  })

  it('lets in who waited for approval when admissions are refreshed', async () => {
    let known = false
    const { time, listener, dial } = setUp(() => (known ? { verdict: 'accept' } : { verdict: 'later', reason: 'who?' }))
    const outcome = dial()
    await time.run(500)
    expect(outcome).toEqual({})
    known = true
    listener.refreshAdmissions()
    await time.run(100)
    expect(outcome.connection).toBeDefined()
  })

  it('holds back over a partition what is under way, and delivers it in order after the heal', async () => {
    const { time, network, received, dial } = setUp()
    const outcome = dial()
    await time.run(100)
    outcome.connection!.send(text('0'))
    await time.run(100)
    network.partition('a', 'b')
    for (let n = 1; n <= 5; n++) outcome.connection!.send(text(`${n}`))
    await time.run(500)
    expect(received).toEqual(['0'])
    network.heal('a', 'b')
    await time.run(100)
    expect(received).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('ends connections over a partition that outlasts the heartbeats, and dials again after the heal', async () => {
    const { time, network, closed, dial } = setUp()
    const outcome = dial()
    await time.run(100)
    outcome.connection!.send(text('hi'))
    await time.run(100)
    network.partition('a', 'b')
    await time.run(1_100)
    expect(closed).toEqual(['the peer fell silent'])
    const again = dial({ timeoutMs: 60_000 })
    await time.run(5_000)
    expect(again).toEqual({})
    network.heal('b', 'a')
    await time.run(2_000)
    expect(again.connection).toBeDefined()
  })

  it('revokes a key, and stops, by cutting what stands', async () => {
    const { time, listener, closed, dial } = setUp()
    const keys = generateKeyPair()
    const outcome = dial({ keys })
    await time.run(100)
    outcome.connection!.send(text('hi'))
    await time.run(100)
    expect(listener.closeByKey(keys.publicKey, 'revoked')).toBe(1)
    expect(closed).toEqual(['revoked'])
    const ended: string[] = []
    outcome.connection!.start({ onMessage() {}, onClose: (reason) => ended.push(reason) })
    await time.run(100)
    expect(ended).toEqual(['the peer closed the connection'])
    listener.close()
    const late = dial()
    await time.run(100)
    expect((late.error as { code?: string }).code).toBe('unavailable')
  })
})
