import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Authorization } from './authorization.ts'
import { readAuthzDocument } from './authz-document.ts'
import { effectiveCapabilities } from './effective-capabilities.ts'

type Restrictions = Record<string, number>
/** Name, or name and restrictions. */
type Entry = string | Record<string, Restrictions>
interface Holder {
  agent_roles: Entry[]
  rpc_capabilities: Entry[]
  pubsub_capabilities: Record<string, string>
}
interface Rules {
  protected_topics: string[]
  roles: Record<string, Omit<Holder, 'agent_roles'>>
  agent_groups: Record<string, Holder & { identities: string[] }>
  agents: Record<string, Holder>
}

const ROLES = ['reader', 'writer', 'gone']
const METHODS = ['set', 'get']
const PATTERNS = ['a', 'a/b', '/a.*c/', '/b$/', 'x*']
const TOPICS = ['a', 'a/b', 'a/b/c', 'b', 'bb', 'xx', 'y', '']

const value = fc.integer({ min: 1, max: 2 })
const restrictions = fc.record({ p: value, q: value }, { requiredKeys: [] })
const entry = (names: readonly string[]): fc.Arbitrary<Entry> =>
  fc.oneof(
    fc.constantFrom(...names),
    fc.tuple(fc.constantFrom(...names), restrictions).map(([name, restricted]) => ({ [name]: restricted })),
  )
const rpc_capabilities = fc.array(entry(METHODS.map((method) => `driver.${method}`)), { maxLength: 3 })
const pubsub_capabilities = fc.dictionary(
  fc.constantFrom(...PATTERNS),
  fc.constantFrom('publish', 'subscribe', 'pubsub'),
  { maxKeys: 3 },
)
const agent_roles = fc.array(entry(ROLES), { maxLength: 3 })
const holder = fc.record({ agent_roles, rpc_capabilities, pubsub_capabilities })
const rules: fc.Arbitrary<Rules> = fc.record({
  protected_topics: fc.subarray(PATTERNS),
  roles: fc.record({
    reader: fc.record({ rpc_capabilities, pubsub_capabilities }),
    writer: fc.record({ rpc_capabilities, pubsub_capabilities }),
  }),
  agent_groups: fc.dictionary(
    fc.constantFrom('g1', 'g2'),
    fc.record({ identities: fc.subarray(['x', 'y']), agent_roles, rpc_capabilities, pubsub_capabilities }),
  ),
  agents: fc.dictionary(fc.constantFrom('x', 'z'), holder),
})

/** What the rules say, worked out the long way. */
class Model {
  readonly holders: readonly Holder[]
  readonly rules: Rules

  constructor(rules: Rules, identity: string) {
    this.rules = rules
    const groups = Object.values(rules.agent_groups).filter(({ identities }) => identities.includes(identity))
    this.holders = [...(rules.agents[identity] ? [rules.agents[identity]] : []), ...groups]
  }

  mayCall(method: string, params: Restrictions): boolean {
    const lists = [...this.holders.map(({ rpc_capabilities }) => rpc_capabilities), ...this.roleLists()]
    const holds = (restricted: Restrictions) =>
      Object.entries(restricted).every(([name, allowed]) => params[name] === allowed)
    return waysOf(method, lists).some(holds)
  }

  mayPublish(topic: string): boolean {
    if (!this.rules.protected_topics.some((pattern) => matches(pattern, topic))) return true
    const roles = this.roleUses().map(([name]) => this.rules.roles[name]!)
    return [...this.holders, ...roles].some(({ pubsub_capabilities }) =>
      Object.entries(pubsub_capabilities).some(
        ([pattern, access]) => access !== 'subscribe' && matches(pattern, topic),
      ),
    )
  }

  /** Roles that exist, in order, each with the ways it is restricted. */
  roleUses(): [name: string, ways: Restrictions[]][] {
    const lists = this.holders.map((one) => one.agent_roles)
    const names = new Set(lists.flat().map((use) => parts(use)[0]))
    return [...names].filter((name) => name in this.rules.roles).map((name) => [name, waysOf(name, lists)])
  }

  roleLists(): Entry[][] {
    return this.roleUses().map(([name, ways]) =>
      ways.flatMap((way) =>
        this.rules.roles[name]!.rpc_capabilities.map((capability): Entry => {
          const [method, own] = parts(capability)
          return { [method]: { ...own, ...way } }
        }),
      ),
    )
  }
}

const parts = (given: Entry): [string, Restrictions] =>
  typeof given === 'string' ? [given, {}] : Object.entries(given)[0]!

/** Every way in which a name is restricted: one entry of each list that has it, the first list winning. */
function waysOf(name: string, lists: readonly Entry[][]): Restrictions[] {
  const named = lists
    .map((list) => list.map(parts).flatMap(([found, restricted]) => (found === name ? [restricted] : [])))
    .filter((list) => list.length > 0)
  if (named.length === 0) return []
  if (named.flat().some((restricted) => Object.keys(restricted).length === 0)) return [{}]
  return named.reduceRight<Restrictions[]>(
    (behind, list) => list.flatMap((near) => behind.map((far) => ({ ...far, ...near }))),
    [{}],
  )
}

function matches(pattern: string, topic: string): boolean {
  if (pattern.startsWith('/')) return topic.search(new RegExp(pattern.slice(1, -1))) === 0
  return pattern === 'x*' ? true : topic.startsWith(pattern)
}

describe('capabilities of agents, groups and roles', () => {
  it('come together as the long way round says, for calls and for topics', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom('x', 'y', 'z', 'nobody'), restrictions, (document, identity, params) => {
        const driver = { protected_rpcs: METHODS }
        const authorization = new Authorization()
        authorization.replace(readAuthzDocument({ ...document, agents: { ...document.agents, driver } }))
        const model = new Model(document, identity)
        for (const method of METHODS) {
          expect(authorization.mayCallRpc(identity, 'driver', method, params)).toBe(
            model.mayCall(`driver.${method}`, params),
          )
        }
        for (const topic of TOPICS) expect(authorization.mayPublish(identity, topic)).toBe(model.mayPublish(topic))
      }),
      { numRuns: 1_000 },
    )
  })

  it('are shown with the access of all rules, alternatives and roles', () => {
    const { byIdentity, warnings } = effectiveCapabilities(
      readAuthzDocument({
        roles: { r: { rpc_capabilities: ['d.set'], pubsub_capabilities: { t: 'subscribe' } } },
        agent_groups: {
          g: { identities: ['a'], agent_roles: ['r', 'gone'], rpc_capabilities: [{ 'd.get': { p: 2, q: 2 } }] },
        },
        agents: { a: { rpc_capabilities: [{ 'd.get': { p: 1 } }], pubsub_capabilities: { t: 'publish' } } },
      }),
    )
    expect(byIdentity.get('a')).toEqual({
      rpc: [
        { resource: 'd.get', restrictions: { p: 1, q: 2 } },
        { resource: 'd.set', restrictions: {} },
      ],
      pubsub: { t: 'pubsub' },
      roles: [
        { role: 'r', restrictions: {} },
        { role: 'gone', restrictions: {} },
      ],
    })
    expect(warnings).toEqual(["group 'g' names the role 'gone', which does not exist"])
  })

  it('are refused when the restrictions of a method multiply beyond reason', () => {
    const many = Array.from({ length: 100 }, (_, p) => ({ 'd.get': { p } }))
    const group = { identities: ['a'], rpc_capabilities: many }
    const document = readAuthzDocument({ agent_groups: { one: group, two: group } })
    expect(() => effectiveCapabilities(document)).toThrow("'d.get' is restricted in more than 1000 ways")
  })
})
