/** Coming and going of Python agents, heartbeat and health. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, PATIENCE_MS, type Site, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const stage = new Stage()
let site: Site
let python: PythonProcess
let watcher: PythonAgent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  await stage.addKeys(site.home, 'py.watcher', 'py.guest', 'py.crasher', 'py.heart', 'py.twin')
  python = PythonProcess.start(stage, site.home)
  watcher = await python.agent('py.watcher')
})

afterAll(() => stage.cleanUp())

const peers = async () => (await watcher.vip('peerlist.list')) as string[]

describe('a Python agent', () => {
  it('sees the services of the platform and itself in the peer list', async () => {
    expect(await peers()).toEqual(
      expect.arrayContaining([
        'platform.auth',
        'platform.config_store',
        'platform.control',
        'platform.health',
        'py.watcher',
      ]),
    )
  })

  it('is told who comes, and who stops', async () => {
    const guest = await python.agent('py.guest')
    await watcher.heard('peer-added', ({ peer }) => peer === 'py.guest')
    expect(await peers()).toContain('py.guest')
    await guest.stop()
    await watcher.heard('peer-dropped', ({ peer }) => peer === 'py.guest')
    expect(await peers()).not.toContain('py.guest')
  })

  it('is told who crashes', async () => {
    const crashing = PythonProcess.start(stage, site.home)
    await crashing.agent('py.crasher')
    await watcher.heard('peer-added', ({ peer }) => peer === 'py.crasher')
    process.kill(crashing.pid, 'SIGKILL')
    await watcher.heard('peer-dropped', ({ peer }) => peer === 'py.crasher')
  })

  it('may start again at once after a crash', async () => {
    const again = await PythonProcess.start(stage, site.home).agent('py.crasher')
    expect(await watcher.call('py.crasher', 'add', 1)).toBe(3)
    await again.stop()
  })

  it('may not stop another', async () => {
    const twin = await python.agent('py.twin')
    await watcher.send('agentstop', ['py.twin'])
    // Asked on the same connection, so the platform has seen both.
    expect(await peers()).toContain('py.twin')
    await twin.stop()
  })
})

describe('heartbeat and health', () => {
  let heart: PythonAgent

  beforeAll(async () => {
    await watcher.subscribe('heartbeat/')
    await watcher.subscribe('alerts/')
    heart = await python.agent('py.heart', { options: { heartbeat_autostart: true, heartbeat_period: 1 } })
  })

  const healthOf = async (identity: string) => {
    const all = (await watcher.call('platform.health', 'get_platform_health')) as Record<
      string,
      Record<string, unknown>
    >
    return all[identity]
  }

  it('are published by the library', async () => {
    const { message, headers, sender } = await watcher.heard('message', ({ topic }) => topic === 'heartbeat/py.heart')
    expect(message).toBe('"GOOD"')
    expect(sender).toBe('py.heart')
    expect(headers).toMatchObject({ TimeStamp: expect.any(String), min_compatible_version: '3.0' })
  })

  it('are known to platform.health', async () => {
    const row = await eventually(
      async () => {
        const health = await healthOf('py.heart')
        return health?.message === 'GOOD' && health
      },
      { timeoutMs: PATIENCE_MS },
    )
    expect(row).toMatchObject({
      peer: 'py.heart',
      service_agent: false,
      connected: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      last_heartbeat: expect.any(String),
    })
    expect(await healthOf('platform.auth')).toMatchObject({ service_agent: true })
    expect(await healthOf('control.connection')).toBeUndefined()
  })

  it('change with the status of the agent, which others may set', async () => {
    await watcher.call('py.heart', 'health.set_status', 'BAD', 'the fan is stuck')
    await watcher.heard('message', ({ topic, message }) => topic === 'heartbeat/py.heart' && message === '"BAD"')
    expect(await watcher.call('py.heart', 'health.get_status')).toMatchObject({
      status: 'BAD',
      context: 'the fan is stuck',
    })
    await eventually(async () => (await healthOf('py.heart'))?.message === 'BAD', { timeoutMs: PATIENCE_MS })
  })

  it('no longer name an agent that has gone', async () => {
    await heart.stop()
    await eventually(async () => (await healthOf('py.heart')) === undefined, { timeoutMs: PATIENCE_MS })
  })
})
