/** The listener from PyPI, installed on our platform by our `vctl`, and managed with Python's. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, PATIENCE_MS, type Site, Stage } from '../../test/support/stage.ts'
import { pythonVctl } from '../support/python-program.ts'

const stage = new Stage()
let site: Site
let ours: Agent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  ours = await stage.agent(site.home, 'ts.agent')
})

afterAll(() => stage.cleanUp())

async function vctl(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await pythonVctl(site.home, ...words)
  if (code !== 0) throw new Error(`vctl ${words.join(' ')} ended with ${code}: ${stdout}${stderr}`)
  return stdout
}

const isThere = (wanted: boolean) =>
  eventually(async () => (await ours.vip.peerlist.list()).includes('listener') === wanted, {
    timeoutMs: PATIENCE_MS,
    what: `the listener to be ${wanted ? 'there' : 'gone'}`,
  })

interface StatusOf {
  readonly listener: { readonly agent_uuid: string; readonly agent_tag: string; readonly status: string }
}

const status = async () => (JSON.parse(await vctl('--json', 'status')) as StatusOf).listener

describe('the listener from PyPI', () => {
  it('is installed, and started', async () => {
    const options = ['--vip-identity', 'listener', '--tag', 'ears', '--start']
    await stage.vctl(site.home, 'install', 'volttron-listener==2.0.0rc3', ...options)
    await isThere(true)
    expect(await status()).toMatchObject({ agent_tag: 'ears', status: expect.stringMatching(/^running \[\d+\]$/) })
  })

  it('shows in the status, in columns', async () => {
    expect(await vctl('status')).toMatch(/ volttron-listener-2\.0\.0rc3 +listener +ears +running \[\d+\]/)
  })

  it('shows its health', async () => {
    await eventually(async () => (await vctl('health', '--tag', 'ears')).includes('GOOD'), { timeoutMs: PATIENCE_MS })
  })

  it('stops, starts and starts again', async () => {
    await vctl('stop', '--tag', 'ears')
    await isThere(false)
    expect((await status()).status).toBe('0')
    await vctl('start', '--tag', 'ears')
    await isThere(true)
    const before = (await status()).status
    await vctl('restart', '--name', 'volttron-listener*')
    expect((await status()).status).toMatch(/^running/)
    expect((await status()).status).not.toBe(before)
  })

  it('is enabled, disabled and tagged', async () => {
    const { agent_uuid: uuid } = await status()
    await stage.vctl(site.home, 'enable', uuid, '--priority', '20')
    expect(await vctl('status')).toMatch(/ listener +ears +20 +running/)
    // Python's `enable` sends no priority, so it does the same as `disable`.
    await vctl('disable', uuid)
    expect(await ours.vip.rpc.call('platform.control', 'agent_priority', uuid)).toBe('')
    await vctl('tag', uuid, 'other')
    expect((await status()).agent_tag).toBe('other')
  })

  it('is removed', async () => {
    await vctl('remove', '--tag', 'other')
    await isThere(false)
    const { stderr } = await pythonVctl(site.home, 'status')
    expect(stderr).toContain('No installed Agents found')
  })
})
