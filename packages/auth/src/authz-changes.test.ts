import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { type NamedEntry, pubsubArgument, rolesArgument, rpcArgument, textsArgument } from './authz-arguments.ts'
import {
  type AuthzChange,
  type AuthzJson,
  addProtectedTopics,
  addToGroup,
  mergeAgent,
  mergeGroup,
  mergeRole,
  removeAgentRules,
  removeFromGroup,
  removeGroup,
  removeProtectedTopics,
  removeRole,
  withKnownRoles,
} from './authz-changes.ts'
import { readAuthzDocument } from './authz-document.ts'

const changed = (document: AuthzJson, ...changes: AuthzChange[]) =>
  changes.reduce((now, change) => change(now) ?? now, document)

describe('a change of authz.json', () => {
  it('merges a role, and the newest word on a capability counts', () => {
    const document = changed(
      {},
      mergeRole('r', { rpc: ['d.get', { 'd.set': { point: 'fan', unit: 1 } }], pubsub: { a: 'publish' } }),
      mergeRole('r', { rpc: [{ 'd.set': { point: 'pump' } }, { 'd.get': { point: 'fan' } }], pubsub: { a: 'pubsub' } }),
    )
    expect(document).toEqual({
      roles: {
        r: {
          rpc_capabilities: [{ 'd.get': { point: 'fan' } }, { 'd.set': { point: 'pump', unit: 1 } }],
          pubsub_capabilities: { a: 'pubsub' },
        },
      },
    })
    expect(changed(document, mergeRole('r', { rpc: ['d.set'] })).roles).toMatchObject({
      r: { rpc_capabilities: [{ 'd.get': { point: 'fan' } }, 'd.set'] },
    })
  })

  it('merges an agent, and leaves alone what it is not about', () => {
    const before = { more: 1, agents: { a: { color: 'red', protected_rpcs: ['m'], comments: 'old' }, b: null } }
    expect(changed(before, mergeAgent('a', { protectedRpcs: ['m', 'n'], roles: ['r'], comments: 'new' }))).toEqual({
      more: 1,
      agents: { a: { color: 'red', protected_rpcs: ['m', 'n'], agent_roles: ['r'], comments: 'new' }, b: null },
    })
    expect(changed(before, mergeAgent('c', {})).agents).toMatchObject({ c: {} })
  })

  it('makes groups, and changes who is in them', () => {
    const group = mergeGroup('g', ['a'], { roles: ['r'] })
    const document = changed({}, group, addToGroup('g', ['b', 'a']), removeFromGroup('g', ['a']))
    expect(document).toEqual({ agent_groups: { g: { identities: ['b'], agent_roles: ['r'] } } })
    expect(addToGroup('none', ['a'])(document)).toBeUndefined()
    expect(removeFromGroup('none', ['a'])(document)).toBeUndefined()
  })

  it.each<[string, () => unknown]>([
    ["the role 'r' needs", () => mergeRole('r', {})],
    ["the new group 'g' has no identities", () => mergeGroup('g', [], { roles: ['r'] })({})],
    ["the new group 'g' needs roles", () => mergeGroup('g', ['a'], {})({})],
    ['a name has 1 to 256', () => mergeRole('', { rpc: ['a.b'] })],
    ["'a b' is no identity", () => mergeAgent('a b', {})],
    ["'../a b' is no identity", () => mergeGroup('g', ['../a b'], { rpc: ['a.b'] })],
  ])('is refused: %s', (message, change) => {
    expect(change).toThrow(message)
  })

  it('says when there is nothing to do', () => {
    const document = changed({}, addProtectedTopics(['a', '/b.*/']))
    expect(document).toEqual({ protected_topics: ['a', '/b.*/'] })
    expect(addProtectedTopics(['a'])(document)).toBeUndefined()
    expect(removeProtectedTopics(['c'])(document)).toBeUndefined()
    expect(removeProtectedTopics(['a', 'c'])(document)).toEqual({ protected_topics: ['/b.*/'] })
    for (const nothing of [removeRole('r'), removeGroup('g'), removeAgentRules('a')]) {
      expect(nothing(document)).toBeUndefined()
    }
    expect(changed(document, mergeRole('r', { rpc: ['a.b'] }), removeRole('r')).roles).toEqual({})
  })

  it('refuses a role that does not exist for whoever asks so, in one line with those there are', () => {
    const document = { roles: { reader: {}, admin: {} } }
    const roles: NamedEntry[] = ['reader', { reder: { x: 1 }, constructor: {} }, 'reder']
    const give = (wanted: NamedEntry[] | undefined) => withKnownRoles(wanted, mergeAgent('a', { roles: wanted }))
    expect(() => give(roles)(document)).toThrow(
      expect.objectContaining({
        code: 'not-found',
        message: "there is no role 'reder', 'constructor'; there are admin, reader",
        hint: 'make it first: vctl authz add role NAME',
      }),
    )
    expect(() => give(['x'])({})).toThrow("there is no role 'x'; there is none")
    expect(changed(document, give(['reader', { admin: { x: 1 } }])).agents).toMatchObject({ a: {} })
    expect(changed({}, give(undefined)).agents).toMatchObject({ a: {} })
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`r${100 + index}`, {}]))
    expect(() => give(['x'])({ roles: many })).toThrow(/; there are r100, .*, r119, and 10 more$/)
  })

  it('is not confused by names of the language', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      for (const nothing of [removeRole(name), removeGroup(name), removeAgentRules(name), addToGroup(name, ['a'])]) {
        expect(nothing({ roles: {}, agents: {}, agent_groups: {} })).toBeUndefined()
      }
      const document = changed({}, mergeRole(name, { rpc: ['a.b'] }))
      expect(Object.keys(document.roles as object)).toEqual([name])
    }
  })

  it('gives a document that can be read whatever is asked for in whatever order', () => {
    const name = fc.constantFrom('x', 'y')
    const names = fc.subarray(['x', 'y', 'far/x', 'far/*'])
    const rpc = fc.array(fc.constantFrom('d.m', { 'd.m': { p: 1 } }, { 'd.n': { p: 'v' }, 'd.m': { q: 2 } }))
    const pubsub = fc.dictionary(fc.constantFrom('a', '/b/'), fc.constantFrom('publish' as const, 'pubsub' as const))
    const change: fc.Arbitrary<AuthzChange> = fc.oneof(
      fc.tuple(name, rpc).map(([role, rpc]) => mergeRole(role, { rpc: ['d.z', ...rpc] })),
      fc.tuple(name, names, rpc).map(([group, who, rpc]) => mergeGroup(group, ['z', ...who], { rpc: ['d.z', ...rpc] })),
      fc.tuple(name, rpc, pubsub).map(([agent, rpc, pubsub]) => mergeAgent(agent, { rpc, pubsub, roles: ['x'] })),
      fc.tuple(name, names).map(([group, who]) => addToGroup(group, who)),
      fc.tuple(name, names).map(([group, who]) => removeFromGroup(group, who)),
      names.map(addProtectedTopics),
      names.map(removeProtectedTopics),
      name.map(removeRole),
      name.map(removeGroup),
      name.map(removeAgentRules),
    )
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const document = changed({}, ...changes)
        expect(() => readAuthzDocument(JSON.parse(JSON.stringify(document)))).not.toThrow()
      }),
    )
  })
})

describe('arguments of platform.auth', () => {
  it.each<[unknown, unknown]>([
    [undefined, undefined],
    [null, undefined],
    [
      ['a.b', { 'a.c': { p: 1 } }],
      ['a.b', { 'a.c': { p: 1 } }],
    ],
    [
      {
        rpc_capabilities: [
          { resource: 'a.b', param_restrictions: {} },
          { resource: 'a.c', param_restrictions: { p: 1 } },
        ],
        _rpc_dict: {},
      },
      ['a.b', { 'a.c': { p: 1 } }],
    ],
    [{ rpc_capabilities: [{ resource: 'a.b', param_restrictions: null }] }, ['a.b']],
  ])('take RPC capabilities as people and as Python tools write them: %j', (given, expected) => {
    expect(rpcArgument(given)).toEqual(expected)
  })

  it('take roles, topics and lists in either form', () => {
    expect(
      rolesArgument({ agent_roles: [{ role_name: 'r' }, { role_name: 's', param_restrictions: { p: 1 } }] }),
    ).toEqual(['r', { s: { p: 1 } }])
    const topics = { a: 'publish', b: 'pubsub' }
    expect(pubsubArgument(topics)).toEqual(topics)
    const pubsub_capabilities = Object.entries(topics).map(([topic_pattern, topic_access]) => ({
      topic_pattern,
      topic_access,
    }))
    expect(pubsubArgument({ pubsub_capabilities })).toEqual(topics)
    expect(textsArgument('a', 'x')).toEqual(['a'])
  })

  it('are refused with a message in any other form, never by a crash', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        for (const read of [
          rpcArgument,
          rolesArgument,
          pubsubArgument,
          (value: unknown) => textsArgument(value, 'x'),
        ]) {
          try {
            read(json)
          } catch (error) {
            expect(error).toMatchObject({ code: 'usage' })
          }
        }
      }),
    )
  })
})
