/** Changes of authz.json by way of `platform.auth`: in the file and in force when the answer is given. */
import {
  type AuthzChange,
  addProtectedTopics,
  addToGroup,
  mergeAgent,
  mergeGroup,
  mergeRole,
  pubsubArgument,
  removeAgentRules,
  removeFromGroup,
  removeGroup,
  removeProtectedTopics,
  removeRole,
  rolesArgument,
  rpcArgument,
  textsArgument,
  withKnownRoles,
} from '@volttron/auth'
import { describeError, VolttronError } from '@volttron/vip'
import type { ServiceMethods } from '../service-methods.ts'
import { textArgument } from './arguments.ts'
import type { AuthServicePorts } from './ports.ts'

const PUSH_TIMEOUT_MS = 5_000
const MAX_SHOWN = 200
const optional = (name: string) => ({ name, default: null })
/** Python's methods take roles that do not exist; the log warns of them. Whoever sends this is told instead. */
const KNOWN_ROLES_ONLY = { name: 'known_roles_only', default: false }
const CAPABILITIES = [optional('rpc_capabilities'), optional('pubsub_capabilities')]

export function exportRules(methods: ServiceMethods, ports: AuthServicePorts): void {
  const change = async (by: string, what: string, about: string, wanted: AuthzChange): Promise<boolean> => {
    const isChanged = await ports.rules.edit(wanted)
    if (isChanged) ports.log('authz-changed', { by, what, about: about.slice(0, MAX_SHOWN) })
    return isChanged
  }
  exportRolesAndGroups(methods, change)
  exportAgents(methods, change, ports)

  methods.export(
    'create_protected_topics',
    function (patterns: unknown) {
      const topics = textsArgument(patterns, 'topic_name_patterns')
      return change(this.peer, this.method, topics.join(' '), addProtectedTopics(topics))
    },
    { params: ['topic_name_patterns'], returns: 'bool' },
  )
  methods.export(
    'remove_protected_topics',
    function (patterns: unknown) {
      const topics = textsArgument(patterns, 'topic_name_patterns')
      return change(this.peer, this.method, topics.join(' '), removeProtectedTopics(topics))
    },
    { params: ['topic_name_patterns'], returns: 'bool' },
  )
  methods.export(
    'reload_authz',
    async () => {
      await ports.rules.rescan()
      return null
    },
    { params: [], doc: 'Reads authz.json now. The platform also notices a change of the file by itself.' },
  )
}

type Change = (by: string, what: string, about: string, wanted: AuthzChange) => Promise<boolean>

function exportRolesAndGroups(methods: ServiceMethods, change: Change): void {
  methods.export(
    'create_or_merge_role',
    function (name: string, rpc: unknown, pubsub: unknown) {
      const wanted = mergeRole(textArgument(name, 'name'), capabilities(rpc, pubsub))
      return change(this.peer, this.method, name, wanted)
    },
    { params: ['name', ...CAPABILITIES], returns: 'bool' },
  )
  methods.export(
    'create_or_merge_agent_group',
    function (name: string, identities: unknown, given: unknown, rpc: unknown, pubsub: unknown, isStrict: unknown) {
      const members = identities === null ? [] : textsArgument(identities, 'identities')
      const roles = rolesArgument(given)
      const wanted = mergeGroup(textArgument(name, 'name'), members, { roles, ...capabilities(rpc, pubsub) })
      return change(this.peer, this.method, name, isStrict === true ? withKnownRoles(roles, wanted) : wanted)
    },
    { params: ['name', 'identities', optional('roles'), ...CAPABILITIES, KNOWN_ROLES_ONLY], returns: 'bool' },
  )
  methods.export(
    'add_agents_to_group',
    function (name: string, identities: unknown) {
      const wanted = addToGroup(textArgument(name, 'name'), textsArgument(identities, 'identities'))
      return change(this.peer, this.method, name, wanted)
    },
    { params: ['name', 'identities'], returns: 'bool' },
  )
  methods.export(
    'remove_agents_from_group',
    function (name: string, identities: unknown) {
      const wanted = removeFromGroup(textArgument(name, 'name'), textsArgument(identities, 'identities'))
      return change(this.peer, this.method, name, wanted)
    },
    { params: ['name', 'identities'], returns: 'bool' },
  )
  methods.export(
    'remove_agent_group',
    function (name: string) {
      return change(this.peer, this.method, name, removeGroup(textArgument(name, 'name')))
    },
    { params: ['name'], returns: 'bool' },
  )
  methods.export(
    'remove_role',
    function (name: string) {
      return change(this.peer, this.method, name, removeRole(textArgument(name, 'name')))
    },
    { params: ['name'], returns: 'bool' },
  )
}

function exportAgents(methods: ServiceMethods, change: Change, ports: AuthServicePorts): void {
  methods.export(
    'create_or_merge_agent_authz',
    async function (
      identity: string,
      protectedRpcs: unknown,
      given: unknown,
      rpc: unknown,
      pubsub: unknown,
      comments: unknown,
      isStrict: unknown,
    ) {
      const roles = rolesArgument(given)
      const added = protectedRpcs === null ? [] : textsArgument(protectedRpcs, 'protected_rpcs')
      const wanted = mergeAgent(textArgument(identity, 'identity'), {
        protectedRpcs: added,
        roles,
        ...capabilities(rpc, pubsub),
        ...(comments === null ? {} : { comments: textArgument(comments, 'comments') }),
      })
      const checked = isStrict === true ? withKnownRoles(roles, wanted) : wanted
      const isChanged = await change(this.peer, this.method, identity, checked)
      if (added.length > 0 && ports.isConnected(identity)) await tellAgent(ports, identity, added)
      return isChanged
    },
    {
      params: [
        'identity',
        optional('protected_rpcs'),
        optional('roles'),
        ...CAPABILITIES,
        optional('comments'),
        KNOWN_ROLES_ONLY,
      ],
      returns: 'bool',
    },
  )
  methods.export(
    'remove_agent_authorization',
    function (identity: string) {
      return change(this.peer, this.method, identity, removeAgentRules(textArgument(identity, 'identity')))
    },
    { params: ['identity'], returns: 'bool' },
  )
}

/** It is the agent that refuses calls of its protected methods, so it must know of them. */
async function tellAgent({ call }: AuthServicePorts, identity: string, methods: readonly string[]): Promise<void> {
  try {
    await call(identity, 'rpc.add_protected_rpcs', { args: [methods] }, PUSH_TIMEOUT_MS)
  } catch (error) {
    // Gone meanwhile: it asks when it is back.
    if (error instanceof VolttronError && error.code === 'unavailable') return
    throw new VolttronError(
      'unavailable',
      `the rules are in force, but ${identity} did not take its protected methods: ${describeError(error)}`,
      { hint: `restart ${identity}`, cause: error },
    )
  }
}

const capabilities = (rpc: unknown, pubsub: unknown) => ({ rpc: rpcArgument(rpc), pubsub: pubsubArgument(pubsub) })
