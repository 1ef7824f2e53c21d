/**
 * A change of the rules, made where they are kept: by `platform.auth` while the platform runs, in the file while it does not.
 * Both understand the same change, so the result is the same.
 */
import {
  type AuthzChange,
  addProtectedTopics,
  type CapabilityChange,
  editAuthzFile,
  mergeAgent,
  mergeGroup,
  mergeRole,
  type NamedEntry,
  type RoleHolderChange,
  removeAgentRules,
  removeFromGroup,
  removeGroup,
  removeProtectedTopics,
  removeRole,
  withKnownRoles,
} from '@volttron/auth'
import { makeFolder } from '@volttron/config'
import { ReservedIdentity } from '@volttron/vip'
import { isPlatformRunning } from '../home.ts'
import type { Invocation } from '../invocation.ts'
import { readRules, rulesPath } from './rules-file.ts'

/** Rights are nobody else's business. */
const FOLDER_MODE = 0o700

export interface RuleChange {
  /** Method of `platform.auth` (VIP specification, section 6.4). */
  readonly method: string
  readonly kwargs: Readonly<Record<string, unknown>>
  /** The same on the file. */
  readonly change: AuthzChange
}

/** @returns false when there was nothing to change. @throws VolttronError */
export async function applyChange(invocation: Invocation, { method, kwargs, change }: RuleChange): Promise<boolean> {
  const { home, address } = invocation
  if (address !== undefined || isPlatformRunning(home)) {
    const answer = await invocation.withPlatform((platform) =>
      platform.call(ReservedIdentity.auth, method, [], withoutUndefined(kwargs)),
    )
    return answer !== false
  }
  makeFolder(home, FOLDER_MODE)
  // Says in our words when the file is corrupt, before anything is locked.
  await readRules(home)
  return await editAuthzFile(rulesPath(home), change)
}

export const addRole = (name: string, rights: CapabilityChange): RuleChange => ({
  method: 'create_or_merge_role',
  kwargs: { name, ...rightsArguments(rights) },
  change: mergeRole(name, rights),
})

export const addGroup = (name: string, identities: readonly string[], rights: RoleHolderChange): RuleChange => ({
  method: 'create_or_merge_agent_group',
  kwargs: { name, identities, ...rightsArguments(rights) },
  change: withKnownRoles(rights.roles, mergeGroup(name, identities, rights)),
})

export interface AgentRights extends RoleHolderChange {
  readonly protectedRpcs?: readonly string[] | undefined
  readonly comments?: string | undefined
}

export const addAgent = (identity: string, rights: AgentRights): RuleChange => ({
  method: 'create_or_merge_agent_authz',
  kwargs: {
    identity,
    protected_rpcs: rights.protectedRpcs,
    comments: rights.comments,
    ...rightsArguments(rights),
  },
  change: withKnownRoles(rights.roles, mergeAgent(identity, rights)),
})

export const addTopics = (patterns: readonly string[]): RuleChange => ({
  method: 'create_protected_topics',
  kwargs: { topic_name_patterns: patterns },
  change: addProtectedTopics(patterns),
})

export const dropRole = (name: string): RuleChange => ({
  method: 'remove_role',
  kwargs: { name },
  change: removeRole(name),
})

export const dropGroup = (name: string): RuleChange => ({
  method: 'remove_agent_group',
  kwargs: { name },
  change: removeGroup(name),
})

export const dropMembers = (name: string, identities: readonly string[]): RuleChange => ({
  method: 'remove_agents_from_group',
  kwargs: { name, identities },
  change: removeFromGroup(name, identities),
})

export const dropAgent = (identity: string): RuleChange => ({
  method: 'remove_agent_authorization',
  kwargs: { identity },
  change: removeAgentRules(identity),
})

export const dropTopics = (patterns: readonly string[]): RuleChange => ({
  method: 'remove_protected_topics',
  kwargs: { topic_name_patterns: patterns },
  change: removeProtectedTopics(patterns),
})

/** The objects Python's `vctl` sends, so that a Python platform understands us too. */
const rightsArguments = ({ rpc, pubsub, roles }: RoleHolderChange): Readonly<Record<string, unknown>> => ({
  rpc_capabilities: rpc && { rpc_capabilities: rpc.flatMap((entry) => named(entry, 'resource')) },
  pubsub_capabilities: pubsub && {
    pubsub_capabilities: Object.entries(pubsub).map(([topic_pattern, topic_access]) => ({
      topic_pattern,
      topic_access,
    })),
  },
  // A Python platform, which takes every name, ignores the second one.
  ...(roles && {
    roles: { agent_roles: roles.flatMap((entry) => named(entry, 'role_name')) },
    known_roles_only: true,
  }),
})

const named = (entry: NamedEntry, key: 'resource' | 'role_name'): object[] =>
  typeof entry === 'string'
    ? [{ [key]: entry, param_restrictions: {} }]
    : Object.entries(entry).map(([name, restrictions]) => ({ [key]: name, param_restrictions: restrictions }))

const withoutUndefined = (kwargs: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== undefined))
