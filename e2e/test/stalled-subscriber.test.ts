import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, collect, PATIENCE_MS, Stage } from './support/stage.ts'

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.cleanUp())

interface ConnectionRow {
  readonly identity: string
  readonly dropped: number
}

const MESSAGES = 40_000
const CHUNK = 500
const BODY = Buffer.alloc(1_024, 7)

describe('a subscriber that stalls', () => {
  it('delays nobody, costs bounded memory, and what it loses is counted', async () => {
    // It is to be stalled, not dead: nobody may give it up while the test runs.
    const site = await stage.programs.startPlatform('site-a', [...ANY_PORT, '--heartbeat-timeout', '120s'])
    await stage.addKeys(site.home, 'stalled')
    const [publisher, brisk] = [await stage.agent(site.home, 'publisher'), await stage.agent(site.home, 'brisk')]
    const operator = await stage.operator(site.home)
    const received = await collect(brisk, 'bulk/')
    const stalled = stage.agentProcess('stalled', 'stalled', site.home, 'bulk/')
    await stalled.heard('ready')
    const memoryMb = async () => ((await operator.control('platform_info')) as { memory_mb: number }).memory_mb
    const before = await memoryMb()

    stalled.program.child.kill('SIGSTOP')
    // As fast as the brisk one can follow, so that what is dropped is dropped for the stalled one.
    for (let at = 0; at < MESSAGES; at++) {
      if (!publisher.vip.pubsub.write({ topic: `bulk/${at % 100}`, headers: { at }, message: BODY }))
        await once(publisher, 'drain')
      if (at % CHUNK === CHUNK - 1)
        await eventually(() => received.length === at + 1, { what: `message ${at} at the brisk one` })
    }

    expect(received.map(({ headers }) => headers.at)).toEqual(Array.from({ length: MESSAGES }, (_, at) => at))
    const rows: ConnectionRow[] = JSON.parse(await stage.vctl(site.home, 'connections', '--json'))
    const dropped = (identity: string) => rows.find((row) => row.identity === identity)?.dropped
    expect(dropped('stalled')).toBeGreaterThan(0)
    expect(dropped('brisk')).toBe(0)
    // Half of what went to the stalled one would be 20 MB; what may wait for it is 4 MiB.
    expect((await memoryMb()) - before).toBeLessThan(150)

    stalled.program.child.kill('SIGCONT')
    await eventually(() => stalled.topics.length > 0, { timeoutMs: PATIENCE_MS })
  })
})
