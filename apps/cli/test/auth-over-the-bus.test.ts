import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { type FakeOptions, FakeShell } from './fake-shell.ts'

const shells: FakeShell[] = []
const shellWith = (options: FakeOptions = {}): FakeShell => {
  const shell = new FakeShell(options)
  shells.push(shell)
  return shell
}
afterEach(async () => {
  for (const shell of shells.splice(0)) {
    expect(shell.connections).toBe(0)
    await shell.remove()
  }
})

describe('rules of a running platform', () => {
  it.each<[string[], string, object]>([
    [
      ['add', 'role', 'reader', '-rpc', 'a.b', '{"c.d": {"x": 1}}'],
      'create_or_merge_role',
      {
        name: 'reader',
        rpc_capabilities: {
          rpc_capabilities: [
            { resource: 'a.b', param_restrictions: {} },
            { resource: 'c.d', param_restrictions: { x: 1 } },
          ],
        },
      },
    ],
    [
      ['add', 'group', 'ops', 'alice', '-rns', 'reader'],
      'create_or_merge_agent_group',
      {
        name: 'ops',
        identities: ['alice'],
        roles: { agent_roles: [{ role_name: 'reader', param_restrictions: {} }] },
        known_roles_only: true,
      },
    ],
    [
      ['add', 'agent', 'a', '-ps', 'devices:publish', '-pts', 'm', '-c', 'note'],
      'create_or_merge_agent_authz',
      {
        identity: 'a',
        protected_rpcs: ['m'],
        comments: 'note',
        pubsub_capabilities: { pubsub_capabilities: [{ topic_pattern: 'devices', topic_access: 'publish' }] },
      },
    ],
    [['add', 'topics', 'x', 'y'], 'create_protected_topics', { topic_name_patterns: ['x', 'y'] }],
    [['remove', 'topics', 'x'], 'remove_protected_topics', { topic_name_patterns: ['x'] }],
    [['remove', 'role', 'reader'], 'remove_role', { name: 'reader' }],
    [['remove', 'group', 'ops'], 'remove_agent_group', { name: 'ops' }],
    [['remove', 'group', 'ops', 'bob'], 'remove_agents_from_group', { name: 'ops', identities: ['bob'] }],
    [['remove', 'agent', 'a'], 'remove_agent_authorization', { identity: 'a' }],
  ])('are changed by platform.auth: authz %j', async (words, method, kwargs) => {
    const shell = shellWith({ answers: { [`platform.auth.${method}`]: true } })
    expect((await shell.run('authz', ...words)).code).toBe(0)
    expect(shell.calls).toEqual([[`platform.auth.${method}`, kwargs]])
    expect(existsSync(join(shell.home, 'authz.json'))).toBe(false)
  })

  it('says that there is nothing to remove, and what the platform refuses', async () => {
    const shell = shellWith({
      answers: {
        'platform.auth.remove_role': false,
        'platform.auth.remove_agent_group': () => {
          throw new VolttronError('denied', 'control may not')
        },
      },
    })
    expect((await shell.run('authz', 'remove', 'role', 'x')).code).toBe(67)
    expect(await shell.run('authz', 'remove', 'group', 'x')).toMatchObject({
      code: 77,
      out: '',
      err: 'vctl: error: control may not\n',
    })
  })
})

describe('keys of a running platform', () => {
  it('are made and taken away by platform.auth', async () => {
    const shell = shellWith({
      answers: { 'platform.auth.create_credentials': true, 'platform.auth.remove_credentials': true },
    })
    const key = 'y'.repeat(43)
    expect((await shell.run('auth', 'add', 'a')).out).toMatch(/^added credentials for a\n\//)
    expect((await shell.run('auth', 'add', 'b', '--publickey', key)).out).toMatch(
      /^added credentials for b with provided public key\n/,
    )
    expect((await shell.run('auth', 'add', 'c', '--publickey', 'short')).code).toBe(64)
    expect((await shell.run('auth', 'remove', 'a')).out).toBe('a removed!\n')
    expect(shell.calls).toEqual([
      ['platform.auth.create_credentials', { identity: 'a' }],
      ['platform.auth.create_credentials', { identity: 'b', publickey: key }],
      ['platform.auth.remove_credentials', { identity: 'a' }],
    ])
  })
})

describe('agents that knock with an unknown key', () => {
  const entry = (name: string) => ({
    domain: 'vip',
    address: '10.0.0.7',
    mechanism: 'CURVE',
    credentials: 'K',
    user_id: name,
    retries: 2,
  })
  const options: FakeOptions = {
    answers: {
      'platform.auth.get_pending_authorizations': [entry('p')],
      'platform.auth.get_approved_authorizations': [],
      'platform.auth.get_denied_authorizations': [entry('d')],
    },
  }

  it('are listed with what was decided', async () => {
    const shell = shellWith(options)
    expect((await shell.run('auth', 'remote', 'list', '--json')).json()).toEqual([
      { ...entry('p'), status: 'PENDING' },
      { ...entry('d'), status: 'DENIED' },
    ])
    const { out } = await shell.run('auth', 'remote', 'list', '--status', 'denied')
    expect(out).toMatch(/^USER_ID +ADDRESS +STATUS/)
    expect(out).toMatch(/^d +10\.0\.0\.7 +DENIED +3 +K$/m)
    expect((await shell.run('auth', 'pending', '--json')).json()).toHaveLength(1)
    expect((await shell.run('auth', 'remote', 'list', '--status', 'approved')).out).toBe('no approved agent\n')
    expect((await shell.run('auth', 'remote', 'list', '--status', 'x')).code).toBe(64)
  })

  it.each([
    ['approve', 'approved'],
    ['deny', 'denied'],
    ['delete', 'deleted'],
  ])('%s: by the words of Python and without the detour', async (word, done) => {
    const shell = shellWith()
    expect((await shell.run('auth', 'remote', word, 'id-1')).out).toBe(`id-1: ${done}\n`)
    expect((await shell.run('auth', word, 'id-1', '--json')).json()).toEqual({ user_id: 'id-1', [done]: true })
    const call = [`platform.auth.${word}_authorization`, 'id-1']
    expect(shell.calls).toEqual([call, call])
  })

  it('may be let in under a name of our choice', async () => {
    const shell = shellWith()
    await shell.run('auth', 'approve', 'id-1', '--identity', 'meter')
    expect(shell.calls).toEqual([['platform.auth.approve_authorization', 'id-1', 'meter']])
  })
})

describe('auth agentcred', () => {
  it('prints what the Python tool prints', async () => {
    const shell = shellWith()
    await shell.run('auth', 'add', 'ignored', '--home', `${shell.home}/none`)
    const { code, json } = await shell.run(
      'auth',
      'agentcred',
      'ignored',
      'nobody',
      '--json',
      '--home',
      `${shell.home}/none`,
    )
    expect(code).toBe(0)
    expect(json()).toEqual({
      results: { ignored: expect.stringMatching(/^\S{43}$/) },
      errors: { nobody: 'Identity not found: nobody' },
    })
  })
})
