import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type AuthzFile, FileCredentialStore, openAuthzFile } from '@volttron/auth'
import { createLogger } from '@volttron/observe'
import type { RpcParams } from '@volttron/rpc'
import { VolttronError } from '@volttron/vip'
import type { Home } from '../src/home/home.ts'
import { loadOwnKeys } from '../src/home/own-keys.ts'
import { KeyApprovals } from '../src/key-approvals.ts'
import { KeyRing } from '../src/key-ring.ts'
import { type LocalKeys, openLocalKeys } from '../src/local-keys.ts'
import { exportAuthService } from '../src/services/auth-service.ts'
import { ServiceMethods } from '../src/services/service-methods.ts'
import { keyOf } from './bus-fixture.ts'

const OPERATOR = 'control.connection.1'

let folder: string
let rules: AuthzFile
let keys: LocalKeys
let approvals: KeyApprovals
let ring: KeyRing
let methods: ServiceMethods
let cut: [key: string, reason: string][]
let pushed: unknown[]
let push: () => Promise<unknown>
let reports: string[]
const connected = new Set<string>()

const log = createLogger({ name: 'test', level: 'silent' })
const openApprovals = () =>
  KeyApprovals.open(
    {
      path: join(folder, 'key_approvals.json'),
      localKeys: keys,
      isNamedByRules: (identity) => rules.authorization.isNamed(identity),
      cut: (key, reason) => void cut.push([key, reason]),
      log,
      now: () => 0,
    },
    0,
  )

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'volttron-auth-service-'))
  cut = []
  pushed = []
  reports = []
  push = async () => null
  connected.clear()
  const credentialStore = new FileCredentialStore(join(folder, 'credentials_store'))
  await credentialStore.prepare()
  await loadOwnKeys(credentialStore)
  rules = await openAuthzFile(join(folder, 'authz.json'), ({ message }) => reports.push(message), {
    pollMs: 60_000,
  })
  keys = await openLocalKeys({ credentialStore } as Home, log, {
    onAdded: (added) => {
      for (const key of added) approvals?.isKnownNow(key)
    },
    onRevoked: (key) => {
      approvals?.revoked(key)
      cut.push([key, 'revoked'])
    },
  })
  approvals = await openApprovals()
  ring = new KeyRing({ credentials: keys.credentials, approvals, onUnknownKey: () => {} })
  methods = new ServiceMethods('platform.auth', rules.authorization)
  exportAuthService(methods, {
    rules,
    localKeys: keys,
    approvals,
    call: async (...call) => {
      pushed.push(call)
      return await push()
    },
    isConnected: (identity) => connected.has(identity),
    log: () => {},
  })
})
afterEach(async () => {
  await keys.close()
  await rules.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly data: { readonly detail: string } }
}

async function ask(peer: string, method: string, params: Partial<RpcParams> = {}): Promise<Answer> {
  const request = { kind: 'request', id: 'i', method, params: { args: [], kwargs: {}, ...params } } as const
  return JSON.parse((await methods.serve(request, peer))!)
}
const call = async (method: string, kwargs: Record<string, unknown> = {}) =>
  (await ask(OPERATOR, method, { kwargs })).result
const file = () => JSON.parse(readFileSync(join(folder, 'authz.json'), 'utf8'))

describe('platform.auth', () => {
  it('finds the roles, groups and identities that Python tools expect at first start', () => {
    expect(file()).toMatchObject({
      roles: { default_rpc_capabilities: {}, sync_agent_config: {}, admin: { rpc_capabilities: ['/.*/'] } },
      agent_groups: { admin_users: { agent_roles: ['admin'] } },
      agents: { 'platform.auth': { protected_rpcs: expect.arrayContaining(['create_agent', 'remove_role']) } },
    })
    expect([...keys.credentials.identities()].sort()).toEqual([
      'control.connection',
      'platform',
      'platform.auth',
      'platform.config_store',
      'platform.control',
      'platform.federation',
      'platform.health',
    ])
  })

  it('tells an agent nobody wrote rules for that none of its methods is protected, so that it starts', async () => {
    expect(await ask('listener', 'get_protected_rpcs', { args: ['listener'] })).toMatchObject({ result: [] })
  })

  it('takes the arguments of Python tools, by name and by place, and what it changes counts at once', async () => {
    connected.add('driver')
    const capability = {
      rpc_capabilities: [{ resource: 'driver.set', param_restrictions: { point: '/fan.*/' } }],
      _rpc_dict: {},
    }
    const readings = { pubsub_capabilities: [{ topic_pattern: 'devices', topic_access: 'subscribe' }] }
    const roles = { agent_roles: [{ role_name: 'setter', param_restrictions: {} }] }
    expect(
      await call('create_or_merge_agent_authz', { identity: 'driver', protected_rpcs: ['set'], comments: 'c' }),
    ).toBe(true)
    expect(pushed).toEqual([['driver', 'rpc.add_protected_rpcs', { args: [['set']] }, 5000]])
    expect(await call('create_or_merge_role', { name: 'setter', rpc_capabilities: capability })).toBe(true)
    expect(
      await call('create_or_merge_agent_group', { name: 'g', identities: ['a'], roles, pubsub_capabilities: readings }),
    ).toBe(true)
    expect(await call('create_protected_topics', { topic_name_patterns: 'devices' })).toBe(true)
    expect(await call('create_protected_topics', { topic_name_patterns: ['devices'] })).toBe(false)

    expect((await ask('driver', 'get_protected_rpcs', { args: ['driver'] })).result).toEqual(['set'])
    const check = (identity: string, point: string, others: object = {}) =>
      ask('driver', 'check_rpc_authorization', {
        kwargs: { identity, method_name: 'driver.set', method_args: { point, ...others } },
      })
    expect((await check('a', 'fan1')).result).toBe(true)
    expect((await check('control.connection.7', 'fan1')).result).toBe(true)
    expect(await check('a', 'pump')).toMatchObject({
      error: { code: -32000, data: { 'exception.py': { exc_type: 'volttron.types.auth.AuthException' } } },
    })
    // An argument that its caller has called so is no other way to give the arguments.
    expect((await check('a', 'pump', { '**kwargs': { point: 'fan1' } })).error).toBeDefined()
    expect((await check('b', 'fan1')).error).toBeDefined()
    const topic = (access: string) =>
      ask('a', 'check_pubsub_authorization', { kwargs: { identity: 'a', topic_pattern: 'devices/1', access } })
    expect((await topic('subscribe')).result).toBe(true)
    expect((await topic('publish')).result).toBe(false)
    expect((await ask('x', 'is_protected_topic', { args: ['devices/1'] })).result).toBe(true)
    expect((await ask('a', 'get_agent_capabilities', { args: ['a'] })).result).toEqual({
      agent_roles: ['setter'],
      rpc_capabilities: [{ 'driver.set': { point: '/fan.*/' } }],
      pubsub_capabilities: { devices: 'subscribe' },
    })
    expect((await ask('b', 'get_agent_capabilities', { args: ['b'] })).result).toBeNull()

    expect((await ask(OPERATOR, 'remove_agents_from_group', { args: ['g', ['a']] })).result).toBe(true)
    expect((await check('a', 'fan1')).error).toBeDefined()
    expect((await ask(OPERATOR, 'add_agents_to_group', { args: ['g', ['a']] })).result).toBe(true)
    expect((await check('a', 'fan1')).result).toBe(true)
    expect(await call('remove_role', { name: 'setter' })).toBe(true)
    expect((await check('a', 'fan1')).error).toBeDefined()
    expect(await call('remove_agent_group', { name: 'g' })).toBe(true)
    expect(await call('remove_agent_group', { name: 'g' })).toBe(false)
    expect(await call('remove_protected_topics', { topic_name_patterns: 'devices' })).toBe(true)
    expect((await topic('publish')).result).toBe(true)
    expect(await call('remove_agent_authorization', { identity: 'driver' })).toBe(true)
    expect(Object.keys(file().agents)).not.toContain('driver')
  })

  it('takes a role that does not exist from tools of Python, and warns in the log', async () => {
    const roles = { agent_roles: [{ role_name: 'reder', param_restrictions: {} }] }
    expect(await call('create_or_merge_agent_authz', { identity: 'a', roles })).toBe(true)
    expect(await call('create_or_merge_agent_group', { name: 'g', identities: ['b'], roles })).toBe(true)
    expect(reports).toContainEqual(expect.stringMatching(/agent 'a' names the role 'reder', which does not exist$/))
    expect(reports).toContainEqual(expect.stringMatching(/group 'g' names the role 'reder', which does not exist$/))
  })

  it.each([
    ['create_or_merge_agent_authz', { identity: 'a' }],
    ['create_or_merge_agent_group', { name: 'g', identities: ['a'] }],
  ])('refuses it to whoever wants known roles only: %s', async (method, kwargs) => {
    const before = file()
    const given = { ...kwargs, roles: ['admin', 'reder'], known_roles_only: true }
    expect(await ask(OPERATOR, method, { kwargs: given })).toMatchObject({
      error: {
        data: {
          reason: 'not-found',
          detail: "there is no role 'reder'; there are admin, default_rpc_capabilities, sync_agent_config",
        },
      },
    })
    expect(file()).toEqual(before)
    expect(await call(method, { ...given, roles: ['admin'] })).toBe(true)
  })

  it('says so when an agent does not take its protected methods, and minds no agent that has gone', async () => {
    connected.add('driver')
    const protect = () =>
      ask(OPERATOR, 'create_or_merge_agent_authz', { kwargs: { identity: 'driver', protected_rpcs: ['m'] } })
    push = () => Promise.reject(new Error('no such method'))
    expect((await protect()).error?.data.detail).toContain('the rules are in force, but driver did not take')
    push = () => Promise.reject(new VolttronError('unavailable', 'gone'))
    expect((await protect()).result).toBe(true)
  })

  it('refuses what nobody would understand, and changes nothing', async () => {
    const before = file()
    for (const [method, kwargs] of Object.entries({
      create_or_merge_role: { name: 'r', rpc_capabilities: ['/(/'] },
      create_or_merge_agent_authz: { identity: 'a b' },
      create_or_merge_agent_group: { name: 'g', identities: ['a'] },
      create_protected_topics: { topic_name_patterns: [1] },
      create_credentials: { identity: '../evil' },
      remove_agent: { identity: 'nobody' },
      remove_credentials: { identity: 'platform.control' },
      create_agent: { identity: 'control.connection.x' },
      approve_authorization: { user_id: 'unknown' },
    })) {
      expect((await ask(OPERATOR, method, { kwargs })).error).toMatchObject({ code: -32000 })
    }
    expect(file()).toEqual(before)
  })

  it('lets a stranger change nothing, and ask about nobody but itself', async () => {
    const kwargs = {
      identity: 'victim',
      topic_pattern: 'x',
      access: 'publish',
      method_name: 'victim.m',
      identities: ['victim'],
    }
    const open = new Set(['get_protected_rpcs', 'is_protected_topic'])
    const before = file()
    for (const method of methods.names) {
      if (open.has(method)) continue
      for (const stranger of ['listener', 'lab/listener', 'lab/control.connection', 'platform.driver']) {
        const names = ((await ask(OPERATOR, `${method}.inspect`)).result as { params: object }).params
        const given = Object.fromEntries(
          Object.keys(names).map((name) => [name, (kwargs as Record<string, unknown>)[name] ?? 'x']),
        )
        expect([method, (await ask(stranger, method, { kwargs: given })).error?.code]).toEqual([method, -32001])
      }
    }
    expect(file()).toEqual(before)
    expect((await ask('listener', 'check_rpc_authorization', { args: ['victim', 'listener.m', {}] })).error?.code).toBe(
      -32000,
    )
  })

  it('makes credentials that are valid at once, with the right to the own configuration, and takes them away', async () => {
    expect(await call('create_credentials', { identity: 'a' })).toBe(true)
    const [key] = keys.credentials.keysOf('a')
    expect(key).toBeDefined()
    expect(file().agents.a.agent_roles).toEqual([{ default_rpc_capabilities: { identity: 'a' } }])
    expect(await call('create_credentials', { identity: 'a' })).toBe(true)
    expect(keys.credentials.keysOf('a')).toEqual([key])
    expect(await call('get_public_credentials', { identities: ['a', 'nobody'] })).toEqual({
      results: { a: key },
      errors: { nobody: 'Identity not found: nobody' },
    })
    const shared = await ask(OPERATOR, 'create_credentials', { kwargs: { identity: 'b', publickey: key } })
    expect(shared.error?.data.detail).toBe("the key belongs to 'a'")
    expect(await call('create_credentials', { identity: 'b', publickey: keyOf('b') })).toBe(true)
    const stored = JSON.parse(readFileSync(join(folder, 'credentials_store', 'b.json'), 'utf8'))
    expect(stored).toMatchObject({ identity: 'b', publickey: keyOf('b'), secretkey: '' })

    expect(await call('remove_credentials', { identity: 'b' })).toBe(true)
    expect(await call('remove_agent', { identity: 'a' })).toBe(true)
    expect(cut).toEqual([
      [keyOf('b'), 'revoked'],
      [key, 'revoked'],
    ])
    expect(file().agents.a).toBeUndefined()
    await call('create_or_merge_agent_authz', { identity: 'lab/x', rpc_capabilities: ['a.m'] })
    expect(await call('remove_agent', { identity: 'lab/x' })).toBe(true)
    expect(file().agents['lab/x']).toBeUndefined()
  })
})

describe('an unknown key', () => {
  const KEY = keyOf('stranger')
  const only = async (list: string) => ((await call(list)) as { user_id: string }[])[0]!
  const knock = async () => {
    expect(ring.admit(KEY, '10.1.2.3:4567').verdict).toBe('later')
    return (await only('get_pending_authorizations')).user_id
  }

  it('is listed as pending, and gets in under the name that the operator gives it', async () => {
    const user_id = await knock()
    await knock()
    expect(await only('get_pending_authorizations')).toEqual({
      domain: 'vip',
      address: '10.1.2.3',
      mechanism: 'CURVE',
      credentials: KEY,
      user_id,
      retries: 1,
    })
    expect(await call('get_authorization', { user_id })).toBe(KEY)
    expect(await call('approve_authorization', { user_id, identity: 'meter' })).toBe(true)
    expect(await call('get_authorization_status', { user_id })).toBe('APPROVED')
    expect(ring.admit(KEY, 'x').verdict).toBe('accept')
    expect(ring.holderOf(KEY, 'whatever')).toEqual({ kind: 'agent', identity: 'meter' })
    expect(
      (await ask(OPERATOR, 'approve_authorization', { kwargs: { user_id, identity: 'other' } })).error,
    ).toBeDefined()
  })

  it('gets in under the name it comes with when the operator gives none, if that is free and grants nothing', async () => {
    const user_id = await knock()
    await call('create_credentials', { identity: 'taken' })
    await call('create_or_merge_agent_authz', { identity: 'mighty', rpc_capabilities: ['driver.set'] })
    expect((await ask(OPERATOR, 'approve_authorization', { args: [user_id] })).result).toBe(true)
    expect(cut).toEqual([[KEY, 'the key was approved']])
    expect(ring.admit(KEY, 'x').verdict).toBe('accept')
    for (const name of ['taken', 'mighty', 'platform.control', 'control.connection.1', '../x', '12', '']) {
      expect(ring.holderOf(KEY, name)).toMatchObject({
        kind: 'unnamed',
        problem: expect.stringContaining('approved key'),
      })
    }
    expect(ring.holderOf(KEY, 'meter')).toEqual({ kind: 'agent', identity: 'meter' })
    expect(ring.holderOf(KEY, 'another')).toEqual({ kind: 'agent', identity: 'meter' })
    expect(await only('get_approved_authorizations')).toMatchObject({ identity: 'meter', user_id })
  })

  it('stays out when it is denied, also after a restart, until that is forgotten', async () => {
    const user_id = await knock()
    expect(await call('deny_authorization', { user_id })).toBe(true)
    expect(cut).toEqual([[KEY, 'the key was denied']])
    expect(ring.admit(KEY, 'x').verdict).toBe('refuse')
    // What the registry lists is no way round it.
    ring.trust('far-platform', KEY)
    expect(ring.admit(KEY, 'x').verdict).toBe('refuse')
    ring.revoke('far-platform')
    const later = await openApprovals()
    expect(later.isDenied(KEY)).toBe(true)
    expect(later.denied).toEqual(approvals.denied)
    expect(await call('delete_authorization', { user_id })).toBe(true)
    expect(await call('get_authorization_status', { user_id })).toBe('UNKOWN')
    expect(ring.admit(KEY, 'x').verdict).toBe('later')
  })

  it('loses what it has when its approval is taken back', async () => {
    const user_id = await knock()
    await call('approve_authorization', { user_id, identity: 'meter' })
    await call('deny_authorization', { user_id })
    expect(keys.credentials.keysOf('meter')).toEqual([])
    expect(cut).toContainEqual([KEY, 'revoked'])
    await call('approve_authorization', { user_id, identity: 'meter' })
    await call('delete_authorization', { user_id })
    expect(keys.credentials.keysOf('meter')).toEqual([])
    expect(approvals.approved).toEqual([])
  })

  it("never takes a name that others trust, or that is somebody's whose credentials are damaged", async () => {
    await call('approve_authorization', { user_id: await knock() })
    writeFileSync(join(folder, 'credentials_store', 'meter.json'), 'damaged')
    for (const name of ['platform.driver', 'meter']) {
      expect(ring.holderOf(KEY, name)).toMatchObject({ kind: 'unnamed' })
    }
    expect(keys.credentials.keysOf('meter')).toEqual([])
  })

  it('takes no name at all while the rules, which may be about that name, cannot be read', async () => {
    await call('approve_authorization', { user_id: await knock() })
    await rules.close()
    writeFileSync(join(folder, 'authz.json'), '{')
    rules = await openAuthzFile(join(folder, 'authz.json'), ({ message }) => reports.push(message), {
      pollMs: 60_000,
    })
    expect(ring.holderOf(KEY, 'meter')).toMatchObject({ kind: 'unnamed' })
    writeFileSync(join(folder, 'authz.json'), '{}')
    await rules.rescan()
    expect(ring.holderOf(KEY, 'meter')).toEqual({ kind: 'agent', identity: 'meter' })
  })

  it('keeps its name when it is approved once more, and is a stranger again when its credentials are removed', async () => {
    const user_id = await knock()
    await call('approve_authorization', { user_id, identity: 'meter' })
    await call('approve_authorization', { user_id })
    expect(await only('get_approved_authorizations')).toMatchObject({ identity: 'meter' })
    await call('remove_credentials', { identity: 'meter' })
    expect(ring.admit(KEY, 'x').verdict).toBe('later')
  })

  it('is out at once when it is denied, even if the disk takes no decision any more', async () => {
    const user_id = await knock()
    await call('approve_authorization', { user_id, identity: 'meter' })
    rmSync(join(folder, 'key_approvals.json'))
    mkdirSync(join(folder, 'key_approvals.json'))
    const denied = await ask(OPERATOR, 'deny_authorization', { kwargs: { user_id } })
    expect(denied.error?.data.detail).toContain('cannot write')
    expect(cut).toContainEqual([KEY, 'the key was denied'])
    expect(ring.admit(KEY, 'x').verdict).toBe('refuse')
    expect(keys.credentials.keysOf('meter')).toEqual([])
    rmSync(join(folder, 'key_approvals.json'), { recursive: true })
    expect(await call('deny_authorization', { user_id })).toBe(true)
    expect((await openApprovals()).isDenied(KEY)).toBe(true)
  })

  it('stays out when it was denied and somebody gives it credentials', async () => {
    await call('deny_authorization', { user_id: await knock() })
    await call('create_credentials', { identity: 'meter', publickey: KEY })
    expect(ring.admit(KEY, 'x').verdict).toBe('refuse')
    expect(ring.holderOf(KEY, 'meter')).toBeUndefined()
  })

  it.each(['corrupt', 'newer', 'unreadable'])(
    'is judged anew when the decisions are %s, and these are kept aside',
    async (what) => {
      const path = join(folder, 'key_approvals.json')
      if (what === 'unreadable') mkdirSync(path)
      else writeFileSync(path, what === 'newer' ? '{"version": 99}' : '{"version": 1, "approved": [{}], "denied": []}')
      approvals = await openApprovals()
      expect(approvals.approved).toEqual([])
      expect(readdirSync(folder).filter((name) => name.startsWith('key_approvals'))).toEqual([
        expect.stringMatching(/^key_approvals\.json\.(corrupt|newer)-/),
      ])
    },
  )

  it('is not pending any more when it has got credentials', async () => {
    await knock()
    await call('create_credentials', { identity: 'meter', publickey: KEY })
    expect(await call('get_pending_authorizations')).toEqual([])
  })

  it('is no stranger once the registry knows it', async () => {
    await knock()
    ring.trust('far-platform', KEY)
    expect(await call('get_pending_authorizations')).toEqual([])
    expect(ring.holderOf(KEY, 'x')).toEqual({ kind: 'platform', name: 'far-platform' })
  })
})
