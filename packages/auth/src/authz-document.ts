/** The document of authz.json, in the format of the Python platform; read strictly, so that no rule is lost unseen. */
import { VolttronError } from '@volttron/vip'

/** Allowed value of each restricted parameter: a JSON scalar, or text that may be a `/regex/`. */
export type Restrictions = Readonly<Record<string, string | number | boolean | null>>
/** `<callee>.<method>` or `/regex/`, with restrictions of its parameters. */
export interface RpcCapability {
  readonly resource: string
  readonly restrictions: Restrictions
}
export type TopicAccess = 'publish' | 'subscribe' | 'pubsub'

export interface Capabilities {
  readonly rpc: readonly RpcCapability[]
  readonly pubsub: Readonly<Record<string, TopicAccess>>
}
export interface RoleUse {
  readonly role: string
  /** Added to every rpc capability of the role. */
  readonly restrictions: Restrictions
}
export interface GroupRules extends Capabilities {
  readonly identities: readonly string[]
  readonly roles: readonly RoleUse[]
}
export interface AgentRules extends Capabilities {
  /** Methods of this agent that need a capability to be called. */
  readonly protectedRpcs: readonly string[]
  readonly roles: readonly RoleUse[]
  readonly comments: string
}
export interface AuthzDocument {
  readonly protectedTopics: readonly string[]
  readonly roles: Readonly<Record<string, Capabilities>>
  readonly groups: Readonly<Record<string, GroupRules>>
  readonly agents: Readonly<Record<string, AgentRules>>
}

/**
 * @param json what `JSON.parse` gave
 * @throws VolttronError `bad-data`, with the path of what is wrong: `agents.listener.rpc_capabilities[0]`
 */
export function readAuthzDocument(json: unknown): AuthzDocument {
  const root = asObject(json, 'the document')
  return {
    protectedTopics: asTexts(root.protected_topics, 'protected_topics'),
    roles: mapObject(root.roles, 'roles', readCapabilities),
    groups: mapObject(root.agent_groups, 'agent_groups', (value, path) => ({
      ...readCapabilities(value, path),
      identities: asTexts(value.identities, `${path}.identities`),
      // The Python platform writes `agent_roles` and reads `roles`; both mean the same.
      roles: [...readRoles(value.agent_roles, `${path}.agent_roles`), ...readRoles(value.roles, `${path}.roles`)],
    })),
    agents: mapObject(root.agents, 'agents', (value, path) => ({
      ...readCapabilities(value, path),
      protectedRpcs: asTexts(value.protected_rpcs, `${path}.protected_rpcs`),
      roles: readRoles(value.agent_roles, `${path}.agent_roles`),
      comments: typeof value.comments === 'string' ? value.comments : '',
    })),
  }
}

type JsonObject = Readonly<Record<string, unknown>>

const bad = (path: string, expected: string) => new VolttronError('bad-data', `${path}: ${expected} expected`)

function asObject(value: unknown, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw bad(path, 'an object')
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw bad(path, 'a list')
}

function asTexts(value: unknown, path: string): readonly string[] {
  return asList(value, path).map((item, index) => {
    if (typeof item === 'string') return item
    throw bad(`${path}[${index}]`, 'a text')
  })
}

/** Keys come from a file: the result has no prototype that a key could reach. */
function mapObject<T>(value: unknown, path: string, read: (value: JsonObject, path: string) => T): Record<string, T> {
  const result: Record<string, T> = Object.create(null)
  if (value === undefined || value === null) return result
  for (const [key, inner] of Object.entries(asObject(value, path))) {
    result[key] = read(inner === null ? {} : asObject(inner, `${path}.${key}`), `${path}.${key}`)
  }
  return result
}

function readCapabilities(value: JsonObject, path: string): Capabilities {
  const rpcPath = `${path}.rpc_capabilities`
  const pubsubPath = `${path}.pubsub_capabilities`
  const rpc = asList(value.rpc_capabilities, rpcPath).flatMap((item, index) =>
    namesWithRestrictions(item, `${rpcPath}[${index}]`).map(([resource, restrictions]) => ({ resource, restrictions })),
  )
  const pubsub: Record<string, TopicAccess> = Object.create(null)
  if (value.pubsub_capabilities !== undefined && value.pubsub_capabilities !== null) {
    for (const [topic, access] of Object.entries(asObject(value.pubsub_capabilities, pubsubPath))) {
      if (access !== 'publish' && access !== 'subscribe' && access !== 'pubsub') {
        throw bad(`${pubsubPath}.${topic}`, 'publish, subscribe or pubsub')
      }
      pubsub[topic] = access
    }
  }
  return { rpc, pubsub }
}

const readRoles = (value: unknown, path: string): RoleUse[] =>
  asList(value, path).flatMap((item, index) =>
    namesWithRestrictions(item, `${path}[${index}]`).map(([role, restrictions]) => ({ role, restrictions })),
  )

/** `"name"` or `{"name": {"parameter": allowed}}`. */
function namesWithRestrictions(item: unknown, path: string): (readonly [string, Restrictions])[] {
  if (typeof item === 'string') return [[item, {}]]
  return Object.entries(asObject(item, path)).map(([name, value]) => {
    const restrictions: Record<string, string | number | boolean | null> = Object.create(null)
    for (const [parameter, allowed] of Object.entries(value === null ? {} : asObject(value, `${path}.${name}`))) {
      if (typeof allowed === 'object' && allowed !== null) throw bad(`${path}.${name}.${parameter}`, 'a plain value')
      restrictions[parameter] = allowed as string | number | boolean | null
    }
    return [name, restrictions] as const
  })
}
