import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parsePublicKey } from '@volttron/vip'
import { FakeShell } from './fake-shell.ts'

let shell: FakeShell

beforeEach(() => {
  shell = new FakeShell({
    answers: {
      'platform.control.rotate_platform_key': { old: 'O', new: 'N', registry: 'ok' },
      'platform.federation.status': {
        registry: null,
        platforms: [
          { platform: 'py', protocol: 'vip1' },
          { platform: 'ts', protocol: 'volttron-ts' },
        ],
      },
    },
  })
  // Keys and rights are edited with the platform stopped as well.
  rmSync(join(shell.home, 'VOLTTRON_PID'))
})
afterEach(() => shell.remove())

const keyFile = (identity: string) => join(shell.home, 'credentials_store', `${identity}.json`)
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>

describe('vctl auth', () => {
  it('makes a key in the format of the Python platform, readable by its owner only', async () => {
    const { code, out } = await shell.run('auth', 'add', 'listener')
    expect({ code, out }).toEqual({ code: 0, out: `added credentials for listener\n${keyFile('listener')}\n` })
    const credential = readJson(keyFile('listener'))
    expect(credential).toMatchObject({ identity: 'listener', domain: '', address: '' })
    expect(parsePublicKey(credential.publickey as string)).toBe(credential.publickey)
    expect(statSync(keyFile('listener')).mode & 0o777).toBe(0o600)
    expect(statSync(join(shell.home, 'credentials_store')).mode & 0o777).toBe(0o700)
  })

  it('tells public keys and never a secret one', async () => {
    const added = (await shell.run('auth', 'add', 'a', '--json')).json() as Record<string, unknown>
    expect(added).toEqual({ identity: 'a', publickey: expect.any(String), path: keyFile('a') })
    const { publickey, secretkey } = readJson(keyFile('a'))
    const row = { identity: 'a', publickey, kind: 'agent' }
    expect((await shell.run('auth', 'publickey', 'a')).out).toBe(`${publickey}\n`)
    expect((await shell.run('auth', 'publickey', '--json')).json()).toEqual([row])
    const list = await shell.run('auth', 'list', '--json')
    expect(list.json()).toEqual([row])
    expect(list.out + (await shell.run('auth', 'list')).out).not.toContain(secretkey)
  })

  it('tells the key of the platform', async () => {
    expect((await shell.run('auth', 'serverkey')).code).toBe(67)
    await shell.run('auth', 'add', 'template')
    const platform = { ...readJson(keyFile('template')), identity: 'platform' }
    writeFileSync(keyFile('platform'), JSON.stringify(platform))
    expect((await shell.run('auth', 'serverkey', '--json')).json()).toEqual({
      serverkey: readJson(keyFile('platform')).publickey,
    })
  })

  it.each([
    'platform',
    'platform.auth',
    'control.connection',
    'control.connection.1',
    '../x',
    'a b',
    '123',
    'null',
    '',
  ])('refuses the name %j and writes nothing', async (identity) => {
    const { code, err } = await shell.run('auth', 'add', identity)
    expect(code).toBe(64)
    expect(err).toMatch(/^vctl: error: .*'/)
    expect(readdirSync(shell.home).filter((name) => name.endsWith('.json'))).toEqual([])
    expect((await shell.run('auth', 'list', '--json')).out).not.toContain('identity')
  })

  it('never replaces a key that is there', async () => {
    await shell.run('auth', 'add', 'a')
    const before = readFileSync(keyFile('a'), 'utf8')
    const { code, err } = await shell.run('auth', 'add', 'a')
    expect(code).toBe(64)
    expect(err).toMatch(/'a' has credentials already/)
    expect(readFileSync(keyFile('a'), 'utf8')).toBe(before)
  })

  it('lists the others when one file is damaged, and names it', async () => {
    await shell.run('auth', 'add', 'a')
    writeFileSync(keyFile('b'), 'nonsense')
    const { code, err, json } = await shell.run('auth', 'list', '--json')
    expect(code).toBe(0)
    expect(json()).toHaveLength(1)
    expect(err).toMatch(/^vctl: warning: .*b\.json is damaged/)
  })

  it('removes a key, but none of the platform itself', async () => {
    await shell.run('auth', 'add', 'a')
    expect((await shell.run('auth', 'remove', 'a')).code).toBe(0)
    expect((await shell.run('auth', 'remove', 'a')).code).toBe(67)
    expect((await shell.run('auth', 'remove', 'platform.control')).code).toBe(64)
  })

  it('tells what is left of an agent whose key is gone, and how to remove it', async () => {
    const remove = async (...words: string[]) => {
      await shell.run('auth', 'add', 'a')
      return await shell.run('auth', 'remove', 'a', ...words)
    }
    expect((await remove()).out).toBe('a removed!\n')
    await shell.run('authz', 'add', 'agent', 'a', '-rpc', 'b.c')
    await shell.run('authz', 'add', 'group', "the o'ps", 'a', 'b', '-rns', 'admin')
    expect((await remove()).out).toBe(
      'a removed!\n' +
        'its rules stay; to remove: vctl authz remove agent a\n' +
        "it is still in a group; to remove: vctl authz remove group 'the o'\\''ps' a\n",
    )
    expect((await remove('--json')).json()).toEqual({
      identity: 'a',
      removed: true,
      kept: [
        { what: 'rules', command: 'vctl authz remove agent a' },
        { what: 'group', command: "vctl authz remove group 'the o'\\''ps' a" },
      ],
    })
    await shell.run('authz', 'remove', 'agent', 'a')
    await shell.run('authz', 'remove', 'group', "the o'ps", 'a')
    expect((await remove('--json')).json()).toMatchObject({ kept: [] })
  })

  it('removes a key also when nobody can say what is left', async () => {
    await shell.run('auth', 'add', 'a')
    writeFileSync(join(shell.home, 'authz.json'), '{')
    const { code, out, err } = await shell.run('auth', 'remove', 'a')
    expect([code, out]).toEqual([0, 'a removed!\n'])
    expect(err).toMatch(/^vctl: warning: removed, but what is left of it is not known: .*authz\.json is corrupt.*\n$/)
  })

  it('asks the running platform to change its own key', async () => {
    expect((await shell.run('auth', 'rotate-platform-key')).code).toBe(69)
    writeFileSync(join(shell.home, 'VOLTTRON_PID'), `${process.pid}`)
    const { out, err } = await shell.run('auth', 'rotate-platform-key')
    expect(out).toBe('old key   O\nnew key   N\nregistry  ok\n')
    expect(err).toBe('vctl: warning: a new key ends Python platforms, which must be started again: py\n')
  })
})

describe('vctl authz', () => {
  const file = () => join(shell.home, 'authz.json')
  const add = (identity: string, ...capabilities: string[]) =>
    shell.run('authz', 'add', 'agent', identity, '--rpc-capabilities', capabilities.join(','))

  it('allows a caller of another platform beside the rules of a new platform', async () => {
    expect((await add('site-b/operator', 'thermostat.read', 'thermostat.set')).code).toBe(0)
    expect(readJson(file())).toMatchObject({
      agents: { 'site-b/operator': { rpc_capabilities: ['thermostat.read', 'thermostat.set'] } },
      agent_groups: { admin_users: { agent_roles: ['admin'] } },
    })
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  it('lists and removes what was added', async () => {
    await add('a', 'b.c')
    const agents = async () => (await shell.run('authz', 'list', 'agent', '--json')).json() as Record<string, unknown>
    expect((await agents()).a).toEqual({ rpc_capabilities: ['b.c'] })
    expect((await shell.run('authz', 'list', 'agent')).out).toMatch(/^a +- +b\.c +- +-$/m)
    expect((await shell.run('authz', 'remove', 'agent', 'a')).code).toBe(0)
    expect(await agents()).not.toHaveProperty('a')
    expect((await shell.run('authz', 'remove', 'agent', 'a')).code).toBe(67)
  })

  it('tells what is left of an agent whose rules are gone, and how to remove it', async () => {
    const remove = async (identity: string, ...words: string[]) => {
      await add(identity, 'b.c')
      return await shell.run('authz', 'remove', 'agent', identity, ...words)
    }
    expect((await remove('a')).out).toBe("removed: the rights of 'a'\n")
    await shell.run('auth', 'add', 'a')
    await shell.run('authz', 'add', 'group', 'ops', 'a', 'site-b/*', '-rns', 'admin')
    expect((await remove('a')).out).toBe(
      "removed: the rights of 'a'\n" +
        'its key stays; to remove: vctl auth remove a\n' +
        'it is still in a group; to remove: vctl authz remove group ops a\n',
    )
    expect((await remove('site-b/*', '--json')).json()).toEqual({
      identity: 'site-b/*',
      removed: true,
      kept: [{ what: 'group', command: "vctl authz remove group ops 'site-b/*'" }],
    })
    expect((await shell.run('auth', 'list', '--json')).json()).toHaveLength(1)
  })

  it('keeps roles, groups and protected topics, with the options of Python', async () => {
    expect((await shell.run('authz', 'add', 'role', 'reader', '-rpc', 'a.b', 'c.d', '-ps', 'x:publish')).code).toBe(0)
    expect((await shell.run('authz', 'add', 'group', 'ops', 'alice', 'bob', '-rns', 'reader')).err).toBe('')
    expect((await shell.run('authz', 'add', 'agent', 'a', '-pts', 'm1', 'm2', '-c', 'note')).code).toBe(0)
    expect((await shell.run('authz', 'add', 'topics', 'devices', '/secret.*/')).code).toBe(0)
    expect(readJson(file())).toMatchObject({
      protected_topics: ['devices', '/secret.*/'],
      roles: { reader: { rpc_capabilities: ['a.b', 'c.d'], pubsub_capabilities: { x: 'publish' } } },
      agent_groups: { ops: { identities: ['alice', 'bob'], agent_roles: ['reader'] } },
      agents: { a: { protected_rpcs: ['m1', 'm2'], comments: 'note' } },
    })
    expect((await shell.run('authz', 'list', 'topics', '--json')).json()).toEqual(['devices', '/secret.*/'])
    const { out } = await shell.run('authz', 'list')
    expect(out).toMatch(/^reader +a\.b c\.d +x:publish$/m)
    expect(out).toMatch(/^ops +alice bob +reader +- +-$/m)
    expect((await shell.run('authz', 'remove', 'group', 'ops', 'bob')).code).toBe(0)
    expect(readJson(file())).toMatchObject({ agent_groups: { ops: { identities: ['alice'] } } })
    for (const words of [
      ['group', 'ops'],
      ['role', 'reader'],
      ['topics', 'devices'],
    ]) {
      expect((await shell.run('authz', 'remove', ...words)).code).toBe(0)
      expect((await shell.run('authz', 'remove', ...words)).code).toBe(67)
    }
    expect((await shell.run('authz', 'list', 'topics')).out).toBe('/secret.*/\n')
  })

  it.each([
    [['agent', 'a', '-rns', 'reder']],
    [['agent', 'a', '--rpc-capabilities', 'b.c', '--role-names', 'admin', '{"reder": {"x": 1}}']],
    [['group', 'ops', 'alice', '-rns', 'reder']],
  ])('refuses a role that does not exist, names those that do, and changes nothing: authz add %j', async (words) => {
    expect(await shell.run('authz', 'add', ...words)).toMatchObject({
      code: 67,
      out: '',
      err:
        "vctl: error: there is no role 'reder'; there are admin, default_rpc_capabilities, sync_agent_config\n" +
        'vctl: hint: make it first: vctl authz add role NAME\n',
    })
    expect(readdirSync(shell.home)).toEqual([])
    expect((await shell.run('authz', 'add', 'role', 'reder', '-rpc', 'x.y')).code).toBe(0)
    expect((await shell.run('authz', 'add', ...words)).code).toBe(0)
  })

  it('restricts parameters as authz.json does', async () => {
    await shell.run('authz', 'add', 'agent', 'a', '--rpc-capabilities', '{"b.c": {"x": "/1|2/"}}', 'd.e')
    expect(readJson(file())).toMatchObject({ agents: { a: { rpc_capabilities: [{ 'b.c': { x: '/1|2/' } }, 'd.e'] } } })
  })

  it('loses nothing when many commands add at the same time, even after one has died', async () => {
    writeFileSync(`${file()}.lock`, '999999999')
    const names = ['a', 'b', 'c', 'd', 'e']
    const codes = await Promise.all(names.map((name) => add(name, 'x.y').then(({ code }) => code)))
    expect(codes).toEqual([0, 0, 0, 0, 0])
    const agents = (await shell.run('authz', 'list', 'agent', '--json')).json() as object
    expect(Object.keys(agents)).toEqual(expect.arrayContaining(names))
    expect(readdirSync(shell.home)).toEqual(['authz.json'])
  })

  it.each(['', '{', '[]', '{"agents": {"a": {"rpc_capabilities": 5}}}'])(
    'leaves the corrupt file %j as it is',
    async (text) => {
      writeFileSync(file(), text)
      const { code, err } = await add('a', 'b.c')
      expect(code).toBe(65)
      expect(err).toMatch(/^vctl: error: .*authz\.json is corrupt: .+\nvctl: hint: nothing was changed/)
      expect(readFileSync(file(), 'utf8')).toBe(text)
    },
  )

  it('says in one line when the file cannot be replaced', async () => {
    mkdirSync(file())
    expect((await add('a', 'b.c')).code).toBe(71)
  })

  it.each([
    [['a', '--rpc-capabilities', 'b']],
    [['a b', '--rpc-capabilities', 'b.c']],
    [['platform.auth', '--rpc-capabilities', 'b.c']],
    [['a']],
    [['a', '--pubsub-capabilities', 'x:write']],
  ])('refuses %j and writes nothing', async (words) => {
    expect((await shell.run('authz', 'add', 'agent', ...words)).code).toBe(64)
    expect(readdirSync(shell.home)).toEqual([])
  })
})

describe('installed agents of a platform that does not run', () => {
  const put = (identity: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(join(shell.home, 'agents', identity), { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(shell.home, 'agents', identity, name), text)
  }

  it('are listed, with what their files say', async () => {
    put('driver', { UUID: 'a1b2', NAME: 'volttron-driver-2.0.1', AUTOSTART: '20', TAG: 'field' })
    put('no-agent', { 'a.txt': '' })
    const { code, out, err } = await shell.run('list', '--json')
    expect([code, shell.connections]).toEqual([0, 0])
    expect(err).toContain('the platform does not run')
    expect(JSON.parse(out)).toEqual({
      driver: expect.objectContaining({
        agent_uuid: 'a1b2',
        name: 'volttron-driver-2.0.1',
        agent_tag: 'field',
        priority: '20',
        status: '',
        state: 'stopped',
      }),
    })
    expect((await shell.run('status', 'driver')).out).toMatch(/a +volttron-driver-2.0.1 +driver +field +20 /)
  })

  it('get a tag, and lose it', async () => {
    put('driver', { UUID: 'a1b2', NAME: 'volttron-driver-2.0.1' })
    const file = join(shell.home, 'agents', 'driver', 'TAG')
    expect((await shell.run('tag', 'driver', 'field')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('field')
    expect((await shell.run('tag', 'driver')).out).toBe('field\n')
    expect((await shell.run('tag', 'driver', '--remove')).code).toBe(0)
    expect(readdirSync(join(shell.home, 'agents', 'driver'))).not.toContain('TAG')
    expect((await shell.run('tag', 'other', 'x')).code).toBe(67)
  })

  it('are not started, and nobody is said to be installed in a folder that is no home', async () => {
    expect((await shell.run('status')).code).toBe(69)
    put('driver', { UUID: 'a1b2' })
    expect((await shell.run('start', 'driver')).code).toBe(69)
  })
})
