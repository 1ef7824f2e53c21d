import { describe, expect, it } from '@jest/globals'
import type { Agent, JobRun } from '../src/index.ts'
import { ScriptedRouter } from './scripted-router.ts'
import { settle, testAgent } from './test-agent.ts'

const MINUTE_MS = 60_000

async function startedAgent() {
  const made = testAgent(new ScriptedRouter())
  await made.agent.start()
  return made
}

/** Runs that end when told. */
function held() {
  const ends: (() => void)[] = []
  return { ends, run: () => new Promise<void>((resolve) => ends.push(resolve)) }
}

describe('periodic work', () => {
  it('begins with the agent, keeps its period, and ends with the agent', async () => {
    const { agent, clock, errors } = testAgent(new ScriptedRouter())
    const runs: number[] = []
    const job = agent.schedule.every(1_000, () => runs.push(clock.nowMs))
    expect(job.nextRunAt).toBeUndefined()
    await settle()
    expect(runs).toEqual([])
    await agent.start()
    const startMs = clock.nowMs
    clock.advance(3_500)
    expect(runs).toEqual([0, 1_000, 2_000, 3_000].map((ms) => startMs + ms))
    expect(job.nextRunAt).toEqual(new Date(clock.wallClock() + 500))
    await agent.stop()
    clock.advance(5_000)
    expect(runs).toHaveLength(4)
    expect([clock.pending, job.nextRunAt, errors]).toEqual([0, undefined, []])
    expect(agent.schedule.every(1_000, () => runs.push(0)).nextRunAt).toBeUndefined()
  })

  it('waits before the first run, and comes late at random, when asked to', async () => {
    const { agent, clock } = await startedAgent()
    const startMs = clock.nowMs
    const runs: number[] = []
    // The chance of test agents is always a half.
    agent.schedule.every(1_000, () => runs.push(clock.nowMs - startMs), { waitMs: 300, jitterMs: 200 })
    clock.advance(3_000)
    expect(runs).toEqual([400, 1_400, 2_400])
    await agent.stop()
  })

  it('never overlaps unless asked', async () => {
    const { agent, clock } = await startedAgent()
    const [one, many] = [held(), held()]
    const job = agent.schedule.every(1_000, one.run)
    agent.schedule.every(1_000, many.run, { overlap: true })
    clock.advance(2_500)
    expect([one.ends.length, many.ends.length]).toEqual([1, 3])
    expect(job.isRunning).toBe(true)
    one.ends[0]!()
    await settle()
    expect(job.isRunning).toBe(false)
    clock.advance(500)
    expect(one.ends).toHaveLength(2)
    for (const end of [...one.ends, ...many.ends]) end()
    await agent.stop()
  })

  it('that fails is reported, and runs again', async () => {
    const { agent, clock, errors } = await startedAgent()
    let runs = 0
    agent.schedule.every(1_000, () => {
      throw new Error(`failure ${++runs}`)
    })
    agent.schedule.every(1_000, async () => Promise.reject(new Error('later')), { waitMs: 500 })
    clock.advance(1_100)
    await settle()
    expect(errors.map(({ message }) => message)).toEqual(['failure 1', 'failure 2', 'later'])
    await agent.stop()
  })

  it('does not catch up after the process has slept', async () => {
    const { agent, clock } = await startedAgent()
    const runs: number[] = []
    const startMs = clock.nowMs
    agent.schedule.every(1_000, () => runs.push(clock.nowMs - startMs))
    clock.advance(0)
    clock.sleep(10_300)
    clock.advance(1_000)
    expect(runs).toEqual([0, 10_300, 11_000])
    await agent.stop()
  })

  it('is cancelled for good, and a run under way learns of it', async () => {
    const { agent, clock, errors } = await startedAgent()
    let signal: AbortSignal | undefined
    const job = agent.schedule.every(1_000, (run: JobRun) => {
      signal = run.signal
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))
    })
    clock.advance(0)
    expect(signal?.aborted).toBe(false)
    job.cancel()
    expect(signal?.aborted).toBe(true)
    await settle()
    clock.advance(5_000)
    expect([job.isRunning, job.nextRunAt, errors]).toEqual([false, undefined, []])
    await agent.stop()
  })

  it('under way gets a second when the agent stops', async () => {
    const { agent, clock } = await startedAgent()
    const { run } = held()
    agent.schedule.every(1_000, run)
    clock.advance(0)
    const stopping = agent.stop()
    await settle()
    expect(agent.state).toBe('stopping')
    clock.advance(1_000)
    await stopping
    expect(clock.pending).toBe(0)
  })
})

describe('work at times of day', () => {
  it('runs when the cron expression says so', async () => {
    const { agent, clock } = await startedAgent()
    const runs: string[] = []
    const job = agent.schedule.cron('*/15 8-9 * * mon-fri', () => runs.push(time(clock.wallClock())), {
      timezone: 'UTC',
    })
    expect(job.nextRunAt).toEqual(new Date('2029-01-01T08:00:00Z'))
    clock.advance(24 * 60 * MINUTE_MS)
    expect(runs).toEqual(['08:00', '08:15', '08:30', '08:45', '09:00', '09:15', '09:30', '09:45'])
    job.cancel()
    await agent.stop()
    expect(clock.pending).toBe(0)
  })

  it('follows a clock that is set', async () => {
    const { agent, clock } = await startedAgent()
    const runs: string[] = []
    agent.schedule.cron('0 12 * * *', () => runs.push(time(clock.wallClock())), { timezone: 'UTC' })
    clock.epochMs += 11 * 60 * MINUTE_MS
    clock.advance(61 * MINUTE_MS)
    expect(runs).toEqual(['12:00'])
    clock.epochMs -= 60 * MINUTE_MS
    clock.advance(90 * MINUTE_MS)
    expect(runs).toEqual(['12:00'])
    await agent.stop()
  })

  it('may have a field of seconds, a time zone, and an end', async () => {
    const { agent, clock } = await startedAgent()
    const runs: string[] = []
    const every30s = agent.schedule.cron('*/30 * * * * *', () => runs.push('tick'))
    clock.advance(MINUTE_MS + 1)
    every30s.cancel()
    expect(runs).toHaveLength(2)
    const berlin = agent.schedule.cron('0 6 * * *', () => {}, { timezone: 'Europe/Berlin' })
    expect(berlin.nextRunAt).toEqual(new Date('2029-01-01T05:00:00Z'))
    expect(agent.schedule.cron('0 0 30 2 *', () => {}).nextRunAt).toBeUndefined()
    await agent.stop()
  })

  it('runs once at a time, and at once when that has passed', async () => {
    const { agent, clock } = await startedAgent()
    const runs: string[] = []
    agent.schedule.at(new Date(clock.wallClock() + 90 * MINUTE_MS), () => runs.push('then'))
    agent.schedule.at(new Date(0), () => runs.push('at once'))
    clock.advance(0)
    expect(runs).toEqual(['at once'])
    clock.advance(600 * MINUTE_MS)
    expect(runs).toEqual(['at once', 'then'])
    await agent.stop()
    expect(clock.pending).toBe(0)
  })
})

it.each([
  ['every', (agent: Agent) => agent.schedule.every(0, () => {})],
  ['every', (agent: Agent) => agent.schedule.every(Number.NaN, () => {})],
  ['every', (agent: Agent) => agent.schedule.every(1, () => {}, { waitMs: -1 })],
  ['every', (agent: Agent) => agent.schedule.every(1, () => {}, { jitterMs: Number.POSITIVE_INFINITY })],
  ['every', (agent: Agent) => agent.schedule.every(1, undefined as never)],
  ['at', (agent: Agent) => agent.schedule.at(new Date('no time'), () => {})],
  ['cron', (agent: Agent) => agent.schedule.cron('every day', () => {})],
  ['cron', (agent: Agent) => agent.schedule.cron('61 * * * *', () => {})],
  ['cron', (agent: Agent) => agent.schedule.cron('0 6 * * *', () => {}, { timezone: 'Mars/Olympus' })],
])('%s refuses times that are none', (_name, schedule) => {
  const { agent } = testAgent(new ScriptedRouter())
  expect(() => schedule(agent)).toThrow(expect.objectContaining({ code: 'usage' }))
})

const time = (wallMs: number): string => new Date(wallMs).toISOString().slice(11, 16)
