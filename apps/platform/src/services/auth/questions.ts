/**
 * What agents ask `platform.auth`. A Python agent asks about itself before its first call and before each publish, and as
 * callee about whoever calls its protected methods. More than that an agent learns only by a rule: the rights of others are
 * a map for an intruder.
 */
import type { EffectiveCapabilities, Restrictions } from '@volttron/auth'
import { RpcErrorCode, RpcFault } from '@volttron/rpc'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import { principalOf } from '../../router/principal.ts'
import type { ServiceMethods } from '../service-methods.ts'
import { textArgument } from './arguments.ts'
import type { AuthServicePorts } from './ports.ts'

export function exportQuestions(methods: ServiceMethods, { rules, localKeys }: AuthServicePorts): void {
  const { authorization } = rules
  const mayAskAbout = (asker: string, method: string, identity: string) => {
    const principal = principalOf(asker)
    if (principal === identity) return
    if (authorization.mayCallRpc(principal, ReservedIdentity.auth, method, { identity })) return
    throw new RpcFault(RpcErrorCode.unauthorized, `${asker} may ask ${method} about itself only`)
  }

  methods.exportOpen(
    'get_protected_rpcs',
    // The names of methods are no secret, `inspect` lists them. An agent without rules has none, and lives on.
    (identity: string) => authorization.protectedRpcsOf(textArgument(identity, 'identity')),
    { params: ['identity'], returns: 'list', doc: 'Methods of the agent that need a capability.' },
  )

  methods.exportOpen(
    'get_agent_capabilities',
    function (identity: string) {
      const about = principalOf(textArgument(identity, 'identity'))
      mayAskAbout(this.peer, 'get_agent_capabilities', about)
      const capabilities = authorization.capabilitiesOf(about)
      return capabilities ? shown(capabilities, authorization.protectedRpcsOf(about)) : null
    },
    {
      params: ['identity'],
      doc: 'What its own rules, its groups and its roles grant the agent; null when nothing does.',
    },
  )

  methods.exportOpen(
    'check_rpc_authorization',
    function (identity: string, methodName: string, methodArgs: unknown) {
      const caller = principalOf(textArgument(identity, 'identity'))
      const [callee, method] = calleeAndMethod(textArgument(methodName, 'method_name'), principalOf(this.peer))
      if (callee !== principalOf(this.peer)) mayAskAbout(this.peer, 'check_rpc_authorization', caller)
      if (authorization.hasRpcCapability(caller, callee, method, asNamed(methodArgs))) return true
      throw new AccessDenied(`User ${identity} does not have access to call ${methodName} with these arguments`)
    },
    {
      params: ['identity', 'method_name', { name: 'method_args', default: null }],
      returns: 'bool',
      doc: 'True when the identity may call <callee>.<method> with these named arguments, an error when not.',
    },
  )

  methods.exportOpen(
    'check_pubsub_authorization',
    function (identity: string, topicPattern: string, access: string) {
      const about = principalOf(textArgument(identity, 'identity'))
      mayAskAbout(this.peer, 'check_pubsub_authorization', about)
      const topic = textArgument(topicPattern, 'topic_pattern')
      if (access === 'publish') return authorization.mayPublish(about, topic)
      if (access === 'subscribe') return authorization.maySubscribe(about, topic)
      if (access === 'pubsub') return authorization.mayPublish(about, topic) && authorization.maySubscribe(about, topic)
      throw new VolttronError('usage', 'access is one of publish, subscribe and pubsub')
    },
    { params: ['identity', 'topic_pattern', 'access'], returns: 'bool' },
  )

  methods.exportOpen(
    'is_protected_topic',
    // Whoever publishes there finds it out as well.
    (topic: string) => authorization.isProtectedTopic(textArgument(topic, 'topic_name_pattern')),
    { params: ['topic_name_pattern'], returns: 'bool' },
  )

  methods.exportOpen(
    'get_public_credentials',
    function (identities: unknown) {
      const results: Record<string, string> = Object.create(null)
      const errors: Record<string, string> = Object.create(null)
      for (const identity of Array.isArray(identities) ? identities : []) {
        const about = textArgument(identity, 'identities')
        // Everybody who has come in knows the platform's own key.
        if (about !== ReservedIdentity.platform) mayAskAbout(this.peer, 'get_public_credentials', about)
        const [key] = localKeys.credentials.keysOf(about)
        if (key === undefined) errors[about] = `Identity not found: ${about}`
        else results[about] = key
      }
      return { results, errors }
    },
    { params: [{ name: 'identities', default: [] }], doc: 'Public keys by identity.' },
  )
}

/** As a Python callee knows it: the answer to its own caller names this type. */
class AccessDenied extends Error {
  override readonly name = 'volttron.types.auth.AuthException'
}

/** Identities have dots, as method names have: the asker's own one is told apart first. */
function calleeAndMethod(methodName: string, asker: string): readonly [callee: string, method: string] {
  const at = methodName.startsWith(`${asker}.`) ? asker.length : methodName.lastIndexOf('.')
  if (at < 1) throw new VolttronError('usage', 'method_name is <identity>.<method>')
  return [methodName.slice(0, at), methodName.slice(at + 1)]
}

/** Arguments by name: one that a caller has named `**kwargs` is one of them, and does not stand for the others. */
const asNamed = (methodArgs: unknown): unknown =>
  typeof methodArgs === 'object' && methodArgs !== null && !Array.isArray(methodArgs)
    ? { '**kwargs': methodArgs }
    : methodArgs

/** As authz.json writes it. */
function shown({ rpc, pubsub, roles }: EffectiveCapabilities, protectedRpcs: readonly string[]): object {
  return {
    ...(protectedRpcs.length > 0 ? { protected_rpcs: protectedRpcs } : {}),
    agent_roles: roles.map(({ role, restrictions }) => named(role, restrictions)),
    rpc_capabilities: rpc.map(({ resource, restrictions }) => named(resource, restrictions)),
    pubsub_capabilities: pubsub,
  }
}

const named = (name: string, restrictions: Restrictions) =>
  Object.keys(restrictions).length === 0 ? name : { [name]: restrictions }
