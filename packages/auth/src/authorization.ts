/**
 * Who may do what: decisions over topics and remote procedure calls.
 *
 * Rules are compiled once, when they are replaced; a decision walks the few rules of one identity and allocates nothing that
 * grows. Callers on the hot path keep answers while {@link Authorization.version} stays the same. Pure: no clock, no disk.
 */
import { parseRemotePeer } from '@volttron/vip'
import {
  type AuthzDocument,
  type Capabilities,
  type Restrictions,
  readAuthzDocument,
  type TopicAccess,
} from './authz-document.ts'
import { DEFAULT_AUTHZ, DEFAULT_ROLE, OWN_IDENTITIES } from './default-rules.ts'
import { type EffectiveCapabilities, effectiveCapabilities } from './effective-capabilities.ts'
import { fixedStart, namePattern, type TextMatcher, topicPattern, valuePattern } from './patterns.ts'

interface RpcRule {
  readonly matches: TextMatcher
  /** What every `<callee>.<method>` that the rule allows begins with. */
  readonly start: string
  readonly restrictions: readonly (readonly [parameter: string, allows: (value: unknown) => boolean])[]
}

interface TopicRule {
  readonly matches: TextMatcher
  readonly access: TopicAccess
}

/** What one identity may do. */
interface Rights {
  readonly rpc: readonly RpcRule[]
  readonly topics: readonly TopicRule[]
}

interface Rules {
  readonly protectedTopics: readonly TextMatcher[]
  /** Key is an identity, `<platform>/<identity>` or `<platform>/*`. */
  readonly rights: ReadonlyMap<string, Rights>
  readonly protectedRpcs: ReadonlyMap<string, ReadonlySet<string>>
  /** As written, before compilation. */
  readonly capabilities: ReadonlyMap<string, EffectiveCapabilities>
  /** Rules that name something that is not there; they grant nothing. */
  readonly warnings: readonly string[]
}

const NOTHING: Rights = { rpc: [], topics: [] }
const OWN = new Set<string>(OWN_IDENTITIES)
/** Who administers the platform, and what VOLTTRON gives a name of the platform: the driver, the historian. */
const GUARDED = /^(?:platform|control\.connection)(?:\.|$)/

export class Authorization {
  /** Changes whenever a decision may change. */
  version = 1
  #rules: Rules
  #locked: boolean
  readonly #defaultRights: (identity: string) => readonly RpcRule[]
  /** By `<callee>.<method>`. */
  readonly #parameterNames = new Map<string, readonly string[]>()

  /**
   * @param options.locked refuse everything to everybody but the platform's own identities until there are rules: for when
   *   they cannot be read. Without it the default rules are in force
   */
  constructor(options: { locked?: boolean } = {}) {
    const defaults = readAuthzDocument(DEFAULT_AUTHZ)
    this.#rules = compile(defaults)
    this.#locked = options.locked ?? false
    const own = defaults.roles[DEFAULT_ROLE]!
    this.#defaultRights = (identity) => own.rpc.map(({ resource }) => rpcRule(resource, { identity }))
  }

  /**
   * Puts new rules in force and unlocks. Nothing changes when they do not compile.
   *
   * @returns warnings about rules that grant nothing
   * @throws VolttronError `bad-data`
   */
  replace(document: AuthzDocument): readonly string[] {
    this.#rules = compile(document)
    this.#locked = false
    this.version++
    return this.#rules.warnings
  }

  isProtectedTopic(topic: string): boolean {
    return this.#locked || this.#rules.protectedTopics.some((matches) => matches(topic))
  }

  /** @param identity a local identity, or `<platform>/<identity>` */
  mayPublish(identity: string, topic: string): boolean {
    return this.#mayAccess(identity, topic, 'publish')
  }

  /** Whether a message of this topic may be handed to the identity. */
  mayReceive(identity: string, topic: string): boolean {
    return this.#mayAccess(identity, topic, 'subscribe')
  }

  /**
   * Whether the identity may ask for what starts with `prefix`. Only a prefix that is protected itself is refused; what lies
   * below a shorter one is decided for each topic, by {@link mayReceive}.
   */
  maySubscribe(identity: string, prefix: string): boolean {
    return this.mayReceive(identity, prefix)
  }

  /**
   * A local caller may call what is not protected; which methods of the platform's own services are open to all, these say
   * themselves. A caller on another platform only what a rule grants it by name, and
   * of `platform`, `platform.*` and `control.connection` only what a rule for exactly this caller names: neither
   * `<platform>/*` nor an expression such as `/.*\/` opens them.
   *
   * @param caller a local identity, or `<platform>/<identity>`
   * @param params JSON-RPC params: named, positional, or both as Python writes them
   */
  mayCallRpc(caller: string, callee: string, method: string, params?: unknown): boolean {
    if (this.#locked) return OWN.has(caller)
    const isRemote = parseRemotePeer(caller) !== undefined
    if (!isRemote && !this.isProtectedRpc(callee, method)) return true
    return this.hasRpcCapability(caller, callee, method, params)
  }

  /**
   * Whether a rule grants the call, be the method protected or not.
   *
   * @param caller as in {@link mayCallRpc}, and `params` too
   */
  hasRpcCapability(caller: string, callee: string, method: string, params?: unknown): boolean {
    if (this.#locked) return OWN.has(caller)
    const resource = `${callee}.${method}`
    const isRemote = parseRemotePeer(caller) !== undefined
    const rules = isRemote ? this.#remoteRpcRules(caller, callee) : this.#localRpcRules(caller)
    if (rules.length === 0) return false
    const named = namedParams(this.#parameterNames.get(resource) ?? [], params)
    return rules.some(
      (rule) =>
        rule.matches(resource) &&
        rule.restrictions.every(
          ([name, allows]) => named !== undefined && Object.hasOwn(named, name) && allows(named[name]),
        ),
    )
  }

  /**
   * Tells the names of a method's positional parameters, so that rules which restrict parameters by name hold for callers who
   * pass them by place. Of a method whose names are not known, only named parameters satisfy a restriction.
   */
  nameParameters(callee: string, method: string, names: readonly string[]): void {
    this.#parameterNames.set(`${callee}.${method}`, names)
  }

  /** Whether a local caller needs a capability for the method: of the platform's own services always. */
  isProtectedRpc(callee: string, method: string): boolean {
    return OWN.has(callee) || this.#rules.protectedRpcs.get(callee)?.has(method) === true
  }

  /** Methods of this agent that need a capability, as authz.json has them; for an unknown agent none. */
  protectedRpcsOf(identity: string): readonly string[] {
    return [...(this.#rules.protectedRpcs.get(identity) ?? [])]
  }

  /** What the rules grant the identity by its name, its groups and its roles; `undefined` when no rule names it. */
  capabilitiesOf(identity: string): EffectiveCapabilities | undefined {
    return this.#rules.capabilities.get(identity)
  }

  /** Whether some rule is written for the identity, or may be: while the rules cannot be read, each may have some. */
  isNamed(identity: string): boolean {
    return this.#locked || this.#rules.capabilities.has(identity)
  }

  #mayAccess(identity: string, topic: string, access: 'publish' | 'subscribe'): boolean {
    if (this.#locked) return OWN.has(identity)
    if (!this.isProtectedTopic(topic)) return true
    return this.#topicRules(identity).some(
      (rule) => (rule.access === access || rule.access === 'pubsub') && rule.matches(topic),
    )
  }

  #topicRules(identity: string): readonly TopicRule[] {
    const own = this.#rules.rights.get(identity) ?? NOTHING
    const wide = this.#wildcardRights(identity)
    return wide ? [...own.topics, ...wide.topics] : own.topics
  }

  #localRpcRules(caller: string): readonly RpcRule[] {
    const own = this.#rules.rights.get(caller) ?? NOTHING
    return [...own.rpc, ...this.#defaultRights(caller)]
  }

  #remoteRpcRules(caller: string, callee: string): readonly RpcRule[] {
    const own = this.#rules.rights.get(caller) ?? NOTHING
    if (GUARDED.test(callee)) return own.rpc.filter(({ start }) => start.startsWith(`${callee}.`))
    const wide = this.#wildcardRights(caller)
    return wide ? [...own.rpc, ...wide.rpc] : own.rpc
  }

  /** Rights of `<platform>/*`, for a caller `<platform>/<identity>`. */
  #wildcardRights(identity: string): Rights | undefined {
    const remote = parseRemotePeer(identity)
    return remote && remote.identity !== '*' ? this.#rules.rights.get(`${remote.platform}/*`) : undefined
  }
}

function compile(document: AuthzDocument): Rules {
  // Roles and groups are compiled even when nobody has them, so that a bad one is reported when it is written.
  for (const role of Object.values(document.roles)) compileRights(role)
  for (const group of Object.values(document.groups)) compileRights(group)
  const { byIdentity, warnings } = effectiveCapabilities(document)
  const rights = new Map<string, Rights>()
  for (const [identity, capabilities] of byIdentity) rights.set(identity, compileRights(capabilities))
  // The platform's own identities are never locked out by a file that leaves them away.
  const admin = compileRights({ rpc: [{ resource: '/.*/', restrictions: {} }], pubsub: { '/.*/': 'pubsub' } })
  for (const identity of OWN_IDENTITIES) {
    const own = rights.get(identity) ?? NOTHING
    rights.set(identity, { rpc: [...own.rpc, ...admin.rpc], topics: [...own.topics, ...admin.topics] })
  }
  return {
    protectedTopics: document.protectedTopics.map((source) => topicPattern(source, true)),
    rights,
    protectedRpcs: new Map(Object.entries(document.agents).map(([id, agent]) => [id, new Set(agent.protectedRpcs)])),
    capabilities: byIdentity,
    warnings,
  }
}

const compileRights = ({ rpc, pubsub }: Capabilities): Rights => ({
  rpc: rpc.map(({ resource, restrictions }) => rpcRule(resource, restrictions)),
  topics: Object.entries(pubsub).map(([source, access]) => ({ matches: topicPattern(source, false), access })),
})

function rpcRule(resource: string, restrictions: Restrictions): RpcRule {
  return {
    matches: namePattern(resource),
    start: fixedStart(resource),
    restrictions: Object.entries(restrictions).map(([parameter, allowed]) => {
      if (typeof allowed !== 'string') return [parameter, (value: unknown) => value === allowed] as const
      const matches = valuePattern(allowed)
      return [parameter, (value: unknown) => typeof value === 'string' && matches(value)] as const
    }),
  }
}

/** Parameters by name; `undefined` when one is given twice, because then nobody knows which one counts. */
function namedParams(names: readonly string[], params: unknown): Readonly<Record<string, unknown>> | undefined {
  if (params === undefined || params === null) return {}
  if (typeof params !== 'object') return undefined
  const both = params as { '*args'?: unknown; '**kwargs'?: unknown }
  const isBoth = !Array.isArray(params) && (Object.hasOwn(both, '*args') || Object.hasOwn(both, '**kwargs'))
  const positional = Array.isArray(params) ? params : isBoth && Array.isArray(both['*args']) ? both['*args'] : []
  const keywords = Array.isArray(params) ? {} : isBoth ? (both['**kwargs'] ?? {}) : params
  if (typeof keywords !== 'object' || keywords === null) return undefined
  const named: Record<string, unknown> = Object.assign(Object.create(null), keywords)
  for (const [index, name] of names.entries()) {
    if (index >= positional.length) break
    if (Object.hasOwn(named, name)) return undefined
    named[name] = positional[index]
  }
  return named
}
