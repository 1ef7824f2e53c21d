import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Authorization } from './authorization.ts'
import { readAuthzDocument } from './authz-document.ts'

function rules(json: unknown): Authorization {
  const authorization = new Authorization()
  authorization.replace(readAuthzDocument(json))
  return authorization
}

describe('topics', () => {
  const authorization = rules({
    protected_topics: ['devices', '/secret.*/'],
    roles: { reader: { pubsub_capabilities: { devices: 'subscribe' } } },
    agent_groups: { readers: { identities: ['dashboard', 'lab/dashboard'], agent_roles: ['reader'] } },
    agents: {
      driver: { pubsub_capabilities: { devices: 'publish', 'devices/own': 'pubsub' } },
      narrow: { pubsub_capabilities: { 'devices/a': 'subscribe' } },
      keeper: { pubsub_capabilities: { '/secret.*/': 'pubsub' } },
      everything: { pubsub_capabilities: { '/.*/': 'pubsub' } },
      'plant/*': { pubsub_capabilities: { devices: 'publish' } },
    },
  })

  it('leaves an unprotected topic to everybody', () => {
    expect(authorization.isProtectedTopic('weather/today')).toBe(false)
    expect(authorization.mayPublish('stranger', 'weather/today')).toBe(true)
    expect(authorization.maySubscribe('stranger', 'weather')).toBe(true)
    expect(authorization.maySubscribe('lab/stranger', 'weather')).toBe(true)
  })

  it.each([
    ['stranger', 'publish', 'devices/a', false],
    ['stranger', 'subscribe', 'devices/a', false],
    ['driver', 'publish', 'devices/a', true],
    ['driver', 'subscribe', 'devices/a', false],
    ['driver', 'subscribe', 'devices/own/x', true],
    ['dashboard', 'subscribe', 'devices', true],
    ['dashboard', 'publish', 'devices', false],
    ['keeper', 'publish', 'secret/1', true],
    ['keeper', 'publish', 'devices/a', false],
    ['lab/dashboard', 'subscribe', 'devices/a', true],
    ['lab/driver', 'publish', 'devices/a', false],
    ['plant/anybody', 'publish', 'devices/a', true],
    ['plant/*', 'publish', 'devices/a', true],
    ['plant/anybody', 'subscribe', 'devices/a', false],
    ['platform.control', 'publish', 'secret', true],
  ])('%s may %s %s: %s', (identity, access, topic, expected) => {
    const decide = access === 'publish' ? 'mayPublish' : 'maySubscribe'
    expect(authorization[decide](identity, topic)).toBe(expected)
  })

  it.each([
    ['stranger', '', true],
    ['stranger', 'dev', true],
    ['stranger', 'devices', false],
    ['stranger', 'secrets', false],
    ['dashboard', 'devices', true],
    ['narrow', 'devices/a', true],
    ['narrow', 'devices/', false],
    ['narrow', 'd', true],
  ])('a prefix that is protected itself needs the right to it: %s on %j: %s', (identity, prefix, expected) => {
    expect(authorization.maySubscribe(identity, prefix)).toBe(expected)
  })

  it('allows what any rule allows, also when an earlier pattern does not', () => {
    const both = rules({
      protected_topics: ['d'],
      agents: { a: { pubsub_capabilities: { d: 'subscribe', 'd/x': 'publish' } } },
    })
    expect(both.mayPublish('a', 'd/x')).toBe(true)
  })
})

describe('remote procedure calls', () => {
  const authorization = rules({
    roles: { set: { rpc_capabilities: ['driver.set', 'driver.reset'] } },
    agent_groups: { operators: { identities: ['op'], rpc_capabilities: ['/driver\\..*/'] } },
    agents: {
      driver: { protected_rpcs: ['set', 'reset'] },
      direct: { rpc_capabilities: ['driver.set'] },
      limited: { rpc_capabilities: [{ 'driver.set': { point: '/fan.*/', value: 1 } }] },
      byRole: { agent_roles: [{ set: { point: 'pump' } }] },
      'lab/tool': { rpc_capabilities: ['driver.read', { 'driver.set': { point: 'fan' } }] },
      'plant/*': { rpc_capabilities: ['driver.read'] },
    },
  })

  it.each<[string, string, string, unknown, boolean]>([
    ['anybody', 'driver', 'read', [], true],
    ['anybody', 'driver', 'set', [], false],
    ['direct', 'driver', 'set', [], true],
    ['direct', 'driver', 'reset', [], false],
    ['op', 'driver', 'reset', [], true],
    ['limited', 'driver', 'set', { point: 'fan1', value: 1 }, true],
    ['limited', 'driver', 'set', { '*args': [], '**kwargs': { point: 'fan1', value: 1 } }, true],
    ['limited', 'driver', 'set', { point: 'fan1', value: 2 }, false],
    ['limited', 'driver', 'set', { point: 'pump', value: 1 }, false],
    ['limited', 'driver', 'set', { point: 'fan1' }, false],
    ['limited', 'driver', 'set', ['fan1', 1], false],
    ['limited', 'driver', 'set', undefined, false],
    ['byRole', 'driver', 'reset', { point: 'pump' }, true],
    ['byRole', 'driver', 'reset', { point: 'fan' }, false],
    ['lab/tool', 'driver', 'read', [], true],
    ['lab/tool', 'driver', 'set', { point: 'fan' }, true],
    ['lab/tool', 'driver', 'set', { point: 'pump' }, false],
    ['lab/tool', 'other', 'read', [], false],
    ['lab/stranger', 'driver', 'read', [], false],
    ['plant/x', 'driver', 'read', [], true],
    ['plant/x', 'driver', 'set', [], false],
    ['lab/driver', 'platform.control', 'peerlist', [], false],
    ['lab/platform.control', 'driver', 'read', [], false],
    ['lab/control.connection', 'platform.control', 'stop_platform', [], false],
    ['control.connection', 'platform.control', 'stop_platform', [], true],
    ['anybody', 'platform.control', 'stop_platform', [], false],
    ['anybody', 'platform.control', 'a_method_of_tomorrow', [], false],
    ['anybody', 'platform.auth', 'create_credentials', { identity: 'x' }, false],
    ['anybody', 'platform.driver', 'set', {}, true],
  ])('%s calls %s.%s(%j): %s', (caller, callee, method, params, expected) => {
    expect(authorization.mayCallRpc(caller, callee, method, params)).toBe(expected)
  })

  it.each<[unknown, boolean]>([
    [['listener'], true],
    [{ identity: 'listener' }, true],
    [{ '*args': ['listener'], '**kwargs': {} }, true],
    [['victim'], false],
    [{ '*args': ['victim'], '**kwargs': { identity: 'listener' } }, false],
    [{ '*args': ['listener'], '**kwargs': { identity: 'victim' } }, false],
    [[], false],
    [undefined, false],
    ['listener', false],
    [[['listener']], false],
  ])('an agent may change its own configuration store only: %j: %s', (params, expected) => {
    authorization.nameParameters('platform.config_store', 'initialize_configs', ['identity'])
    expect(authorization.mayCallRpc('listener', 'platform.config_store', 'initialize_configs', params)).toBe(expected)
  })

  describe('of the platform itself, from another platform,', () => {
    const remote = rules({
      roles: { everything: { rpc_capabilities: ['/.*/'] } },
      agents: {
        'lab/admin': { agent_roles: ['everything'] },
        'lab/named': { rpc_capabilities: ['platform.control.peerlist', '/platform\\.driver\\..*/'] },
        'lab/careless': { rpc_capabilities: ['/platform.*/', '/.*stop_platform/', 'platform.control'] },
        'plant/*': { rpc_capabilities: ['/.*/', 'platform.control.peerlist', 'calculator.add'] },
      },
    })

    it.each<[string, string, string, boolean]>([
      ['lab/named', 'platform.control', 'peerlist', true],
      ['lab/named', 'platform.control', 'stop_platform', false],
      ['lab/named', 'platform.driver', 'get_point', true],
      ['lab/admin', 'calculator', 'add', true],
      ['lab/admin', 'platform.control', 'stop_platform', false],
      ['lab/admin', 'platform', 'inspect', false],
      ['lab/admin', 'control.connection', 'inspect', false],
      ['lab/admin', 'control.connection.x1', 'inspect', false],
      ['lab/careless', 'platform.control', 'stop_platform', false],
      ['plant/x', 'calculator', 'add', true],
      ['plant/x', 'platform.control', 'peerlist', false],
      ['plant/x', 'platformer', 'jump', true],
    ])('needs a rule for exactly the caller that names the callee: %s calls %s.%s: %s', (...row) => {
      const [caller, callee, method, expected] = row
      expect(remote.mayCallRpc(caller, callee, method, [])).toBe(expected)
    })
  })

  it('is not confused by names of the language', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(authorization.mayCallRpc(`lab/${name}`, name, name, {})).toBe(false)
      expect(authorization.mayCallRpc(name, 'driver', 'set', JSON.parse(`{"${name}": 1}`))).toBe(false)
    }
  })
})

describe('replacing the rules', () => {
  it('raises the version, and changes nothing when the new ones do not compile', () => {
    const authorization = rules({ protected_topics: ['a'] })
    const { version } = authorization
    const bad = readAuthzDocument({ protected_topics: ['/(/'] })
    expect(() => authorization.replace(bad)).toThrow("'/(/' is no usable regular expression")
    expect(authorization.version).toBe(version)
    expect(authorization.isProtectedTopic('a')).toBe(true)
    authorization.replace(readAuthzDocument({}))
    expect(authorization.version).toBeGreaterThan(version)
    expect(authorization.isProtectedTopic('a')).toBe(false)
  })

  it('warns about a role that does not exist', () => {
    const document = readAuthzDocument({ agents: { a: { agent_roles: ['nobody'] } } })
    expect(new Authorization().replace(document)).toEqual(["agent 'a' names the role 'nobody', which does not exist"])
  })

  it('refuses all but the platform itself while it is locked', () => {
    const authorization = new Authorization({ locked: true })
    expect(authorization.mayPublish('a', 'any')).toBe(false)
    expect(authorization.maySubscribe('a', 'any')).toBe(false)
    expect(authorization.mayCallRpc('a', 'b', 'c')).toBe(false)
    expect(authorization.mayCallRpc('lab/platform', 'b', 'c')).toBe(false)
    expect(authorization.mayPublish('control.connection', 'any')).toBe(true)
    expect(authorization.mayCallRpc('control.connection', 'b', 'c')).toBe(true)
    authorization.replace(readAuthzDocument({}))
    expect(authorization.mayPublish('a', 'any')).toBe(true)
  })
})

describe('reading authz.json', () => {
  it('takes null and missing parts as empty', () => {
    expect(readAuthzDocument({ roles: null, agents: { a: null } }).agents.a).toMatchObject({ rpc: [], roles: [] })
  })

  it.each<[unknown, string]>([
    [[], 'the document: an object expected'],
    [{ protected_topics: 'devices' }, 'protected_topics: a list expected'],
    [{ protected_topics: [1] }, 'protected_topics[0]: a text expected'],
    [{ roles: [] }, 'roles: an object expected'],
    [{ agents: { a: 1 } }, 'agents.a: an object expected'],
    [{ agents: { a: { rpc_capabilities: [1] } } }, 'agents.a.rpc_capabilities[0]: an object expected'],
    [
      { agents: { a: { rpc_capabilities: [{ m: { p: [] } }] } } },
      'agents.a.rpc_capabilities[0].m.p: a plain value expected',
    ],
    [
      { agents: { a: { pubsub_capabilities: { t: 'write' } } } },
      'agents.a.pubsub_capabilities.t: publish, subscribe or pubsub expected',
    ],
  ])('refuses %j', (json, message) => {
    expect(() => readAuthzDocument(json)).toThrow(message)
  })

  it('refuses any other JSON with a message, never a crash', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const text = JSON.stringify({ protected_topics: json, roles: json, agent_groups: json, agents: json })
        try {
          readAuthzDocument(JSON.parse(text))
        } catch (error) {
          expect((error as Error).message).toMatch(/expected$/)
        }
      }),
    )
  })
})
