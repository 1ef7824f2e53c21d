/** Python's own `vctl`, as an operator types it, on our platform. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Agent } from '@volttron/agent'
import { ANY_PORT, collect, credential, type Received, type Site, Stage } from '../../test/support/stage.ts'
import { type ProgramOutput, pythonVctl } from '../support/python-program.ts'

const stage = new Stage()
let site: Site
let ours: Agent

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  ours = await stage.agent(site.home, 'ts.agent')
  ours.vip.rpc.export('add', (first: number, second: number) => first + second, { params: ['first', 'second'] })
})

afterAll(() => stage.cleanUp())

const vctl = (...words: string[]): Promise<ProgramOutput> => pythonVctl(site.home, ...words)

/** `vctl`, which must succeed. */
async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await vctl(...words)
  if (code !== 0) throw new Error(`vctl ${words.join(' ')} ended with ${code}: ${stdout}${stderr}`)
  return stdout
}

it('peerlist lists who is there', async () => {
  const peers = (await ok('peerlist')).trim().split('\n')
  expect(peers).toEqual(
    expect.arrayContaining([
      'control.connection',
      'platform.auth',
      'platform.config_store',
      'platform.control',
      'ts.agent',
    ]),
  )
})

it('status says that nothing is installed', async () => {
  const { code, stdout, stderr } = await vctl('status')
  expect({ code, said: stdout + stderr }).toEqual({
    code: 0,
    said: expect.stringMatching(/No installed Agents found/i),
  })
})

describe('config', () => {
  it('stores, lists, gets and deletes', async () => {
    const file = join(stage.programs.folder, 'fan.json')
    writeFileSync(file, '{"speed": 3, "name": "Lüfter"}')
    await ok('config', 'store', 'py.driver', 'devices/fan', file, '--json')
    expect(await ok('config', 'list')).toBe('py.driver\n')
    expect(await ok('config', 'list', 'py.driver')).toBe('devices/fan\n')
    expect(JSON.parse(await ok('config', 'get', 'py.driver', 'devices/fan'))).toEqual({ speed: 3, name: 'Lüfter' })
    expect(await ok('config', 'get', 'py.driver', 'devices/fan', '--raw')).toBe('{"speed": 3, "name": "Lüfter"}')
    await ok('config', 'delete', 'py.driver', 'devices/fan')
    expect(await ok('config', 'list', 'py.driver')).toBe('')
  })

  it('says that a configuration is not there', async () => {
    const { code, stdout, stderr } = await vctl('config', 'get', 'py.driver', 'nothing')
    expect(code).not.toBe(0)
    expect(stdout + stderr).not.toContain('operation timed out')
  })
})

describe('auth', () => {
  it('adds credentials, which are usable at once', async () => {
    expect(await ok('auth', 'add', 'by.python')).toContain('added credentials for by.python')
    const { publickey, secretkey } = credential(site.home, 'by.python')
    expect([publickey.length, secretkey.length]).toEqual([43, 43])
    await stage.newAgent(site.home, 'by.python').start()
    expect(await ours.vip.peerlist.list()).toContain('by.python')
  })

  it('shows the key of the platform, and of an agent', async () => {
    expect(await ok('auth', 'servercred')).toContain(credential(site.home, 'platform').publickey)
    const shown = await ok('auth', 'agentcred', 'ts.agent')
    expect(shown).toContain(credential(site.home, 'ts.agent').publickey)
    expect(shown).not.toContain(credential(site.home, 'ts.agent').secretkey)
  })
})

describe('authz', () => {
  const authz = async () => JSON.parse(await stage.vctl(site.home, 'authz', 'list', '--json'))

  it('adds roles, groups, agents and protected topics', async () => {
    await ok('authz', 'add', 'role', 'adder', '-rpc', 'ts_agent.add')
    await ok('authz', 'add', 'group', 'adders', 'by.python', '-rns', 'adder', '-ps', '/secret.*/:publish')
    await ok('authz', 'add', 'agent', 'by.python', '-pts', 'own_method', '-ps', 'devices:pubsub', '-c', 'a comment')
    await ok('authz', 'add', 'topics', 'secret', '/private.*/')
    expect(await authz()).toMatchObject({
      protected_topics: expect.arrayContaining(['secret', '/private.*/']),
      roles: { adder: { rpc_capabilities: ['ts_agent.add'] } },
      agent_groups: {
        adders: { identities: ['by.python'], agent_roles: ['adder'], pubsub_capabilities: { '/secret.*/': 'publish' } },
      },
      agents: {
        'by.python': {
          protected_rpcs: ['own_method'],
          pubsub_capabilities: { devices: 'pubsub' },
          comments: 'a comment',
        },
      },
    })
  })

  it('removes them again', async () => {
    await ok('authz', 'remove', 'topics', 'secret', '/private.*/')
    await ok('authz', 'remove', 'group', 'adders')
    await ok('authz', 'remove', 'role', 'adder')
    await ok('authz', 'remove', 'agent', 'by.python')
    const rules = await authz()
    expect(rules.protected_topics).toEqual([])
    expect(rules.roles).not.toHaveProperty('adder')
    expect(rules.agent_groups).not.toHaveProperty('adders')
    expect(rules.agents).not.toHaveProperty('by.python')
    // Its `authz remove agent` removes the agent with its key.
    expect(existsSync(join(site.home, 'credentials_store', 'by.python.json'))).toBe(false)
  })
})

describe('rpc', () => {
  it('lists the methods of an agent, and of the platform', async () => {
    expect(await ok('rpc', 'list', 'ts.agent')).toContain('add')
    const services = await ok('rpc', 'list', 'platform.config_store', '-v')
    expect(services).toContain('set_config')
  })

  it('shows how a method is called', async () => {
    expect(await ok('rpc', 'code', 'ts.agent', 'add')).toContain(
      "self.vip.rpc.call(ts.agent, add, ['first', 'second']).get()",
    )
  })
})

describe('publish and subscribe', () => {
  it('publishes', async () => {
    const received: Received[] = await collect(ours, 'typed/')
    await ok('publish', 'typed/a', 'hello')
    expect(received.map(({ message, sender }) => [message, sender])).toEqual([['hello', 'control.connection']])
  })
})

it('health is of installed agents only', async () => {
  const { stdout, stderr } = await vctl('health', 'ts.agent')
  expect(stdout + stderr).toContain('agent not found: ts.agent')
})

it('an unknown agent cannot be started', async () => {
  const { stdout, stderr } = await vctl('start', 'no-such-agent')
  expect(stdout + stderr).toMatch(/agent not found/i)
})

it('shutdown --platform ends the platform in good order', async () => {
  await vctl('shutdown', '--platform')
  expect(await site.ended).toEqual({ code: 0, signal: null })
})
