import { describe, expect, it } from '@jest/globals'
import { Agent } from '../src/index.ts'
import { ScriptedRouter, unreachable } from './scripted-router.ts'
import { settle, testAgentOf } from './test-agent.ts'

class Diary extends Agent {
  readonly entries: string[] = []
  failIn = ''

  async note(entry: string): Promise<void> {
    this.entries.push(entry)
    if (this.failIn === entry) throw new Error(`${entry} failed`)
  }
  protected override onSetup() {
    return this.note(`setup ${this.state}`)
  }
  protected override onStart() {
    return this.note(`start ${this.state}`)
  }
  protected override async onStop() {
    await this.vip.pubsub.publish({ topic: 'last/words' })
    await this.note('stop')
  }
  protected override onFinish() {
    return this.note(`finish ${this.state}`)
  }
}

describe('the steps of an agent', () => {
  it('come in order, once, and not again after a reconnect', async () => {
    const router = new ScriptedRouter()
    const { agent, clock, errors } = testAgentOf(Diary, router)
    agent.on('connected', () => agent.entries.push('connected'))
    agent.schedule.every(1_000_000, () => agent.entries.push('job'))
    await agent.start()
    clock.advance(0)
    router.cut('tester')
    await settle()
    clock.advance(1_000)
    await settle()
    await agent.stop()
    expect(agent.entries).toEqual([
      'setup connecting',
      'connected',
      'start connected',
      'job',
      'connected',
      'stop',
      'finish stopped',
    ])
    expect(router.published.map(({ topic }) => topic)).toEqual(['last/words'])
    expect(errors).toEqual([])
  })

  it('are repeated by the next start, except the set-up, when the start failed', async () => {
    const router = new ScriptedRouter()
    const { agent, clock } = testAgentOf(Diary, router)
    agent.failIn = 'setup connecting'
    await expect(agent.start()).rejects.toThrow('setup connecting failed')
    expect([agent.state, router.dials]).toEqual(['new', 0])
    agent.failIn = 'start connected'
    await expect(agent.start()).rejects.toThrow('start connected failed')
    await settle()
    expect([agent.state, router.peers.size]).toEqual(['new', 0])
    agent.failIn = ''
    router.down = unreachable()
    const late = expect(agent.start({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'timeout' })
    await settle()
    clock.advance(500)
    await late
    router.down = undefined
    await agent.start()
    await agent.stop()
    expect(agent.entries.slice(1)).toEqual([
      'setup connecting',
      'start connected',
      'start connected',
      'stop',
      'finish stopped',
    ])
  })

  it('that never came are not taken back', async () => {
    const router = new ScriptedRouter()
    const { agent } = testAgentOf(Diary, router)
    await agent.stop()
    const { agent: unconnected } = testAgentOf(Diary, router)
    router.down = unreachable()
    const starting = expect(unconnected.start()).rejects.toThrow('was stopped')
    await settle()
    await unconnected.stop()
    await starting
    expect([agent.entries, unconnected.entries]).toEqual([[], ['setup connecting', 'finish stopped']])
  })

  it('that fail while the agent stops are reported, and it stops', async () => {
    const { agent, errors } = testAgentOf(Diary, new ScriptedRouter())
    await agent.start()
    agent.failIn = 'stop'
    await agent.stop()
    expect(agent.state).toBe('stopped')
    expect(errors.map(({ message }) => message)).toEqual(['stop failed'])
    expect(agent.entries.at(-1)).toBe('finish stopped')
  })

  it('end with stop(), even when one of them never ends', async () => {
    class Stuck extends Diary {
      protected override onStart() {
        return new Promise<void>(() => {})
      }
    }
    const router = new ScriptedRouter()
    const { agent, clock } = testAgentOf(Stuck, router)
    const starting = expect(agent.start()).rejects.toThrow('was stopped')
    await settle()
    await agent.stop()
    await starting
    expect([agent.state, clock.pending, router.logged('agentstop').length]).toEqual(['stopped', 0, 1])
  })
})
