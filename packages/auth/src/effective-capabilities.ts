/**
 * What an identity may do in the end (VIP specification, section 6.3): what is written for itself, for its groups, and for the
 * roles of both.
 *
 * Topics: every rule counts, so `publish` here and `subscribe` there are both. RPC: entries for one method in the same list
 * are alternatives; those of another list add their restrictions, where the nearer list wins on the same parameter (itself,
 * then groups, then roles). An entry without restrictions lifts them all.
 */
import { VolttronError } from '@volttron/vip'
import type {
  AuthzDocument,
  Capabilities,
  Restrictions,
  RoleUse,
  RpcCapability,
  TopicAccess,
} from './authz-document.ts'

export interface EffectiveCapabilities extends Capabilities {
  /** Its own roles, then those of its groups. */
  readonly roles: readonly RoleUse[]
}

export interface AllCapabilities {
  /** Every identity that a rule names. */
  readonly byIdentity: ReadonlyMap<string, EffectiveCapabilities>
  /** Rules that name something that is not there; they grant nothing. */
  readonly warnings: readonly string[]
}

/** Alternatives of one method that come together from several lists multiply. */
const MAX_ALTERNATIVES = 1_000
const NO_RESTRICTIONS: Restrictions = {}

/** @throws VolttronError `bad-data` when the restrictions of one method multiply beyond reason */
export function effectiveCapabilities(document: AuthzDocument): AllCapabilities {
  const groups = Object.entries(document.groups)
  const identities = new Set([...Object.keys(document.agents), ...groups.flatMap(([, group]) => group.identities)])
  const warnings = new Set<string>()
  const byIdentity = new Map<string, EffectiveCapabilities>()
  const groupsOf = new Map<string, (typeof groups)[number][]>()
  for (const entry of groups) {
    for (const identity of new Set(entry[1].identities)) {
      const present = groupsOf.get(identity)
      if (present) present.push(entry)
      else groupsOf.set(identity, [entry])
    }
  }
  for (const identity of identities) {
    const gathered = new Gathered()
    const agent = Object.hasOwn(document.agents, identity) ? document.agents[identity] : undefined
    if (agent) gathered.add(agent, agent.roles, `agent '${identity}'`)
    for (const [name, group] of groupsOf.get(identity) ?? []) gathered.add(group, group.roles, `group '${name}'`)
    byIdentity.set(identity, gathered.withRoles(document.roles, warnings))
  }
  return { byIdentity, warnings: [...warnings] }
}

class Gathered {
  readonly #rpc = new Map<string, readonly Restrictions[]>()
  readonly #roles = new Map<string, readonly Restrictions[]>()
  readonly #rolesNamedBy = new Map<string, string>()
  readonly #pubsub: Record<string, TopicAccess> = Object.create(null)

  add(capabilities: Capabilities, roles: readonly RoleUse[], where: string): void {
    this.#addCapabilities(capabilities)
    const uses = roles.map(({ role, restrictions }) => ({ resource: role, restrictions }))
    addList(this.#roles, uses)
    for (const { role } of roles) if (!this.#rolesNamedBy.has(role)) this.#rolesNamedBy.set(role, where)
  }

  withRoles(known: AuthzDocument['roles'], warnings: Set<string>): EffectiveCapabilities {
    for (const [role, uses] of this.#roles) {
      const capabilities = Object.hasOwn(known, role) ? known[role] : undefined
      if (!capabilities) {
        warnings.add(`${this.#rolesNamedBy.get(role)} names the role '${role}', which does not exist`)
        continue
      }
      const rpc = uses.flatMap((use) =>
        capabilities.rpc.map(({ resource, restrictions }) => ({ resource, restrictions: { ...restrictions, ...use } })),
      )
      this.#addCapabilities({ rpc, pubsub: capabilities.pubsub })
    }
    const roles = listOf(this.#roles).map(({ resource, restrictions }) => ({ role: resource, restrictions }))
    return { rpc: listOf(this.#rpc), pubsub: this.#pubsub, roles }
  }

  #addCapabilities({ rpc, pubsub }: Capabilities): void {
    addList(this.#rpc, rpc)
    for (const [pattern, access] of Object.entries(pubsub)) {
      const present = this.#pubsub[pattern]
      this.#pubsub[pattern] = present === undefined || present === access ? access : 'pubsub'
    }
  }
}

/** Adds one list to what the lists before it hold. */
function addList(present: Map<string, readonly Restrictions[]>, list: readonly RpcCapability[]): void {
  const added = new Map<string, Restrictions[]>()
  for (const { resource, restrictions } of list) {
    const alternatives = added.get(resource)
    if (alternatives) alternatives.push(restrictions)
    else added.set(resource, [restrictions])
  }
  for (const [resource, alternatives] of added) {
    const nearer = present.get(resource)
    present.set(resource, nearer ? combined(resource, nearer, alternatives) : lifted(alternatives))
  }
}

function combined(
  resource: string,
  nearer: readonly Restrictions[],
  farther: readonly Restrictions[],
): readonly Restrictions[] {
  if (isLifted(nearer) || isLifted(farther)) return [NO_RESTRICTIONS]
  if (nearer.length * farther.length > MAX_ALTERNATIVES) {
    throw new VolttronError('bad-data', `'${resource}' is restricted in more than ${MAX_ALTERNATIVES} ways`)
  }
  return nearer.flatMap((near) => farther.map((far) => ({ ...far, ...near })))
}

const lifted = (alternatives: readonly Restrictions[]): readonly Restrictions[] =>
  isLifted(alternatives) ? [NO_RESTRICTIONS] : alternatives

const isLifted = (alternatives: readonly Restrictions[]): boolean =>
  alternatives.some((restrictions) => Object.keys(restrictions).length === 0)

const listOf = (map: ReadonlyMap<string, readonly Restrictions[]>): RpcCapability[] =>
  [...map].flatMap(([resource, alternatives]) => alternatives.map((restrictions) => ({ resource, restrictions })))
