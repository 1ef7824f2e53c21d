/**
 * Changes of authz.json, as `platform.auth` and its tools ask for them. Each takes the document as it stands in the file and
 * gives the one to be written: what a change is not about stays, also what we do not know.
 *
 * A change that finds nothing to do gives `undefined`. Unlike the way rules come together (effective-capabilities.ts), a
 * change is the newest word: of one entry it replaces the values it names.
 */
import { VolttronError } from '@volttron/vip'
import type { NamedEntry } from './authz-arguments.ts'
import { authzIdentityProblem } from './authz-identity.ts'
import type { TopicAccess } from './authz-document.ts'

/** The document as JSON; `readAuthzDocument` understands it. */
export type AuthzJson = Readonly<Record<string, unknown>>
export type AuthzChange = (document: AuthzJson) => AuthzJson | undefined

export interface CapabilityChange {
  readonly rpc?: readonly NamedEntry[] | undefined
  readonly pubsub?: Readonly<Record<string, TopicAccess>> | undefined
}
export interface RoleHolderChange extends CapabilityChange {
  readonly roles?: readonly NamedEntry[] | undefined
}
export interface AgentChange extends RoleHolderChange {
  readonly protectedRpcs?: readonly string[] | undefined
  readonly comments?: string | undefined
}

type Entry = Readonly<Record<string, unknown>>
type Section = 'roles' | 'agent_groups' | 'agents'

const MAX_NAME_LENGTH = 256
/** So many fit on a line that is still read. */
const MAX_ROLES_SHOWN = 20

/** @throws VolttronError `usage` for a role without any capability */
export function mergeRole(name: string, change: CapabilityChange): AuthzChange {
  checkName(name)
  if (isNothing(change.rpc) && isNothing(change.pubsub)) {
    throw new VolttronError('usage', `the role '${name}' needs rpc_capabilities or pubsub_capabilities`)
  }
  return (document) => {
    const entry = entryOf(document, 'roles', name) ?? {}
    return withEntry(document, 'roles', name, { ...entry, ...mergedCapabilities(entry, change) })
  }
}

/** @throws VolttronError `usage`, also by the change itself for a new group that is empty or may nothing */
export function mergeGroup(name: string, identities: readonly string[], change: RoleHolderChange): AuthzChange {
  checkName(name)
  checkIdentities(identities)
  return (document) => {
    const present = entryOf(document, 'agent_groups', name)
    if (!present && identities.length === 0)
      throw new VolttronError('usage', `the new group '${name}' has no identities`)
    if (!present && isNothing(change.roles) && isNothing(change.rpc) && isNothing(change.pubsub)) {
      throw new VolttronError('usage', `the new group '${name}' needs roles, rpc_capabilities or pubsub_capabilities`)
    }
    const entry = present ?? {}
    return withEntry(document, 'agent_groups', name, {
      ...entry,
      identities: union(listOf(entry.identities), identities),
      ...mergedRoles(entry, change),
      ...mergedCapabilities(entry, change),
    })
  }
}

/** @param identity local, `<platform>/<identity>`, or `<platform>/*`. @throws VolttronError `usage` */
export function mergeAgent(identity: string, change: AgentChange): AuthzChange {
  checkIdentities([identity])
  return (document) => {
    const entry = entryOf(document, 'agents', identity) ?? {}
    return withEntry(document, 'agents', identity, {
      ...entry,
      ...(isNothing(change.protectedRpcs)
        ? {}
        : { protected_rpcs: union(listOf(entry.protected_rpcs), change.protectedRpcs!) }),
      ...mergedRoles(entry, change),
      ...mergedCapabilities(entry, change),
      ...(change.comments ? { comments: change.comments } : {}),
    })
  }
}

export function addToGroup(name: string, identities: readonly string[]): AuthzChange {
  checkIdentities(identities)
  return (document) => {
    const entry = entryOf(document, 'agent_groups', name)
    if (!entry) return undefined
    const members = union(listOf(entry.identities), identities)
    return withEntry(document, 'agent_groups', name, { ...entry, identities: members })
  }
}

export const removeFromGroup =
  (name: string, identities: readonly string[]): AuthzChange =>
  (document) => {
    const entry = entryOf(document, 'agent_groups', name)
    if (!entry) return undefined
    const rest = listOf(entry.identities).filter((identity) => !identities.includes(identity as string))
    return withEntry(document, 'agent_groups', name, { ...entry, identities: rest })
  }

export const addProtectedTopics =
  (patterns: readonly string[]): AuthzChange =>
  (document) => {
    const present = listOf(document.protected_topics)
    const all = union(present, patterns)
    return all.length === present.length ? undefined : { ...document, protected_topics: all }
  }

export const removeProtectedTopics =
  (patterns: readonly string[]): AuthzChange =>
  (document) => {
    const present = listOf(document.protected_topics)
    const rest = present.filter((pattern) => !patterns.includes(pattern as string))
    return rest.length === present.length ? undefined : { ...document, protected_topics: rest }
  }

/**
 * As `change`, for somebody who can be told: a role that is not there grants nothing, and is mostly a slip of the pen. Python
 * takes every name, so a call of its tools must pass without this.
 *
 * @throws VolttronError `not-found`, by the change itself, with the roles there are
 */
export const withKnownRoles =
  (roles: readonly NamedEntry[] | undefined, change: AuthzChange): AuthzChange =>
  (document) => {
    const known = objectOf(document.roles)
    const named = (roles ?? []).flatMap(singleNames).map((entry) => nameOf(entry)!)
    const unknown = [...new Set(named)].filter((name) => !Object.hasOwn(known, name))
    if (unknown.length > 0) throw noSuchRole(unknown, Object.keys(known).sort())
    return change(document)
  }

export const removeAgentRules = (identity: string): AuthzChange => withoutEntry('agents', identity)
export const removeGroup = (name: string): AuthzChange => withoutEntry('agent_groups', name)
export const removeRole = (name: string): AuthzChange => withoutEntry('roles', name)

function mergedCapabilities(entry: Entry, { rpc, pubsub }: CapabilityChange): Entry {
  return {
    ...(isNothing(rpc) ? {} : { rpc_capabilities: mergedNames(listOf(entry.rpc_capabilities), rpc!) }),
    ...(isNothing(pubsub) ? {} : { pubsub_capabilities: { ...objectOf(entry.pubsub_capabilities), ...pubsub } }),
  }
}

const mergedRoles = (entry: Entry, { roles }: RoleHolderChange): Entry =>
  isNothing(roles) ? {} : { agent_roles: mergedNames(listOf(entry.agent_roles), roles!) }

/** The first entry of a name is changed; a bare name lifts its restrictions. */
function mergedNames(present: readonly unknown[], added: readonly NamedEntry[]): readonly unknown[] {
  const merged = [...present]
  for (const entry of added.flatMap(singleNames)) {
    const name = nameOf(entry)
    const at = merged.findIndex((item) => nameOf(item) === name)
    if (at < 0) merged.push(entry)
    else if (typeof entry === 'string' || typeof merged[at] === 'string') merged[at] = entry
    else merged[at] = { [name!]: { ...objectOf((merged[at] as Entry)[name!]), ...entry[name!] } }
  }
  return merged
}

/** One name an entry, as the Python platform writes them. */
const singleNames = (entry: NamedEntry): NamedEntry[] =>
  typeof entry === 'string' ? [entry] : Object.entries(entry).map(([name, value]) => ({ [name]: value }))

const nameOf = (entry: unknown): string | undefined =>
  typeof entry === 'string' ? entry : Object.keys(objectOf(entry))[0]

const isNothing = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const objectOf = (value: unknown): Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : {}

const union = (present: readonly unknown[], added: readonly unknown[]): readonly unknown[] => [
  ...new Set([...present, ...added]),
]

function entryOf(document: AuthzJson, section: Section, name: string): Entry | undefined {
  const entries = objectOf(document[section])
  return Object.hasOwn(entries, name) ? objectOf(entries[name]) : undefined
}

const withEntry = (document: AuthzJson, section: Section, name: string, entry: Entry): AuthzJson => ({
  ...document,
  [section]: { ...objectOf(document[section]), [name]: entry },
})

const withoutEntry =
  (section: Section, name: string): AuthzChange =>
  (document) => {
    const entries = objectOf(document[section])
    if (!Object.hasOwn(entries, name)) return undefined
    const { [name]: _removed, ...others } = entries
    return { ...document, [section]: others }
  }

function checkName(name: string): void {
  if (name === '' || name.length > MAX_NAME_LENGTH) {
    throw new VolttronError('usage', `a name has 1 to ${MAX_NAME_LENGTH} characters`)
  }
}

function noSuchRole(unknown: readonly string[], known: readonly string[]): VolttronError {
  const more = known.length > MAX_ROLES_SHOWN ? `, and ${known.length - MAX_ROLES_SHOWN} more` : ''
  const there = known.length === 0 ? 'there is none' : `there are ${known.slice(0, MAX_ROLES_SHOWN).join(', ')}${more}`
  return new VolttronError('not-found', `there is no role ${unknown.map((name) => `'${name}'`).join(', ')}; ${there}`, {
    hint: 'make it first: vctl authz add role NAME',
  })
}

function checkIdentities(identities: readonly string[]): void {
  for (const identity of identities) {
    const problem = authzIdentityProblem(identity)
    if (problem) throw new VolttronError('usage', `'${identity.slice(0, 100)}' is no identity: ${problem}`)
  }
}
