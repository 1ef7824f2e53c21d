import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readAgent, readAgents, writeConfig, writeDescription, writePriority, writeTag } from './agent-folder.ts'

let agents: string
beforeEach(() => {
  agents = mkdtempSync(join(tmpdir(), 'volttron-agents-'))
})
afterEach(() => rmSync(agents, { recursive: true, force: true }))

const UUID = '57a438c6-4133-48f4-b627-941c5e19c674'
const launch = { kind: 'node', code: 'package', main: 'main.js' } as const

async function install(identity: string): Promise<string> {
  const folder = join(agents, identity)
  mkdirSync(folder)
  await writeDescription(folder, { uuid: UUID, name: 'hello-1.0', version: '1.0', launch })
  return folder
}

describe('the folder of an agent', () => {
  it('gives back what was written, in the files of the Python platform', async () => {
    const folder = await install('listener')
    await writeTag(folder, 'x'.repeat(100))
    await writePriority(folder, '5')
    await writeConfig(folder, '{}')
    expect(readFileSync(join(folder, 'AUTOSTART'), 'utf8')).toBe('05')
    expect(readFileSync(join(folder, 'config'), 'utf8')).toBe('{}\n')
    expect(await readAgent(agents, 'listener')).toEqual({
      identity: 'listener',
      uuid: UUID,
      name: 'hello-1.0',
      version: '1.0',
      folder,
      launch,
      tag: 'x'.repeat(64),
      priority: '05',
    })
    await writeTag(folder, undefined)
    await writePriority(folder, undefined)
    expect(await readAgent(agents, 'listener')).toMatchObject({ tag: undefined, priority: undefined })
  })

  it.each(['100', '-1', 'high', '', '1.5'])('takes %j for no priority', async (priority) => {
    const folder = await install('listener')
    await expect(writePriority(folder, priority || 'x')).rejects.toMatchObject({ code: 'usage' })
  })

  it('knows an agent that a Python platform has installed, but not how to run it', async () => {
    mkdirSync(join(agents, 'old'))
    writeFileSync(join(agents, 'old', 'UUID'), `${UUID}\n`)
    writeFileSync(join(agents, 'old', 'NAME'), 'volttron-listener-2.0.0rc3')
    expect(await readAgent(agents, 'old')).toMatchObject({ uuid: UUID, version: '2.0.0rc3', launch: undefined })
  })

  it('names folders that are no agents, and goes on', async () => {
    await install('good')
    mkdirSync(join(agents, 'empty'))
    mkdirSync(join(agents, '.hidden'))
    const damaged = await install('damaged')
    writeFileSync(join(damaged, 'agent.json'), '{')
    const newer = await install('newer')
    writeFileSync(join(newer, 'agent.json'), JSON.stringify({ format: 2, version: '1', launch }))
    writeFileSync(join(agents, 'file'), '')
    const found = await readAgents(agents)
    expect(found.agents.map(({ identity }) => identity)).toEqual(['good'])
    expect(found.problems).toEqual([
      expect.stringContaining('.hidden is no agent'),
      expect.stringContaining('damaged is no agent: agent.json is damaged'),
      expect.stringContaining('empty is no agent: there is no UUID in it'),
      expect.stringContaining('newer is no agent: a newer platform has installed it'),
    ])
  })
})
