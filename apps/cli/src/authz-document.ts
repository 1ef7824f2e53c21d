/**
 * `authz.json` as a document to edit (VOLTTRON's format; VIP specification, section 6.3). Only the entry in question
 * changes: what we do not know stays as it is, in its place.
 */
import { readAuthzDocument } from '@volttron/auth'
import {
  describeError,
  identityProblem,
  instanceNameProblem,
  isReservedIdentity,
  parseRemotePeer,
  VolttronError,
} from '@volttron/vip'

export type AuthzDocument = Readonly<Record<string, unknown>>
type Entry = Readonly<Record<string, unknown>>

/** What `vctl authz list agent` shows of one agent. */
export interface AgentRights {
  readonly identity: string
  readonly rpc_capabilities: readonly unknown[]
  readonly pubsub_capabilities: Readonly<Record<string, unknown>>
  readonly agent_roles: readonly unknown[]
}

/** @throws VolttronError `bad-data`, with the place of what is wrong, unless the platform would understand the text */
export function parseAuthz(text: string, path: string): AuthzDocument {
  const bad = (why: string, cause?: unknown) =>
    new VolttronError('bad-data', `${path} is corrupt: ${why}`, {
      hint: 'nothing was changed; repair the file or restore it from a backup',
      cause,
    })
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw bad('it is not JSON', cause)
  }
  try {
    readAuthzDocument(document)
  } catch (cause) {
    throw bad(describeError(cause), cause)
  }
  return document as AuthzDocument
}

/** Adds RPC rights to what the agent has; its other rights stay. */
export function addRpcCapabilities(
  document: AuthzDocument,
  identity: string,
  capabilities: readonly string[],
): AuthzDocument {
  const agents = agentsOf(document)
  const entry = (Object.hasOwn(agents, identity) ? agents[identity] : undefined) ?? {}
  const present = (entry.rpc_capabilities ?? []) as unknown[]
  const added = capabilities.filter((capability) => !present.includes(capability))
  return withAgents(document, {
    ...agents,
    [identity]: { ...entry, rpc_capabilities: [...present, ...new Set(added)] },
  })
}

/** Removes all that is written for the agent. @throws VolttronError `not-found` when nothing is */
export function removeAgent(document: AuthzDocument, identity: string): AuthzDocument {
  const { [identity]: _removed, ...others } = agentsOf(document)
  if (!Object.hasOwn(agentsOf(document), identity))
    throw new VolttronError('not-found', `no rights are written for the agent '${identity}'`, {
      hint: 'vctl authz list agent shows those that are',
    })
  return withAgents(document, others)
}

export const listAgents = (document: AuthzDocument): AgentRights[] =>
  Object.entries(agentsOf(document)).map(([identity, entry]) => ({
    identity,
    rpc_capabilities: (entry.rpc_capabilities ?? []) as unknown[],
    pubsub_capabilities: (entry.pubsub_capabilities ?? {}) as Record<string, unknown>,
    agent_roles: (entry.agent_roles ?? []) as unknown[],
  }))

/**
 * An agent's identity, `<platform>/<identity>`, or `<platform>/*` for every agent of a platform whose user ids are not
 * trusted.
 *
 * @throws VolttronError `usage`
 */
export function checkAuthzIdentity(text: string): void {
  const remote = parseRemotePeer(text)
  const problem = remote
    ? (instanceNameProblem(remote.platform) ?? (remote.identity === '*' ? undefined : identityProblem(remote.identity)))
    : identityProblem(text)
  if (problem !== undefined) throw new VolttronError('usage', `bad identity '${text}': ${problem}`)
  if (!remote && isReservedIdentity(text))
    throw new VolttronError('usage', `'${text}' belongs to the platform, which keeps its rights itself`)
}

/** Reads `callee.method[,callee.method]`; a capability in slashes is a regular expression. @throws VolttronError `usage` */
export function parseCapabilities(text: string): string[] {
  const capabilities = text
    .split(',')
    .map((capability) => capability.trim())
    .filter((capability) => capability !== '')
  const bad = (capability: string, why: string) =>
    new VolttronError('usage', `bad RPC capability '${capability}': ${why}`, {
      hint: 'write CALLEE.METHOD, for example thermostat.read, or /thermostat[.].*/ for a pattern',
    })
  if (capabilities.length === 0) throw bad(text, 'it is empty')
  for (const capability of capabilities) {
    if (capability.startsWith('/')) {
      if (capability.length < 3 || !capability.endsWith('/')) throw bad(capability, 'a pattern ends with a slash')
      if (!isPattern(capability.slice(1, -1))) throw bad(capability, 'it is no regular expression')
    } else if (!/^[^\s.]+(\.[^\s.]+)+$/.test(capability)) throw bad(capability, 'the method is missing')
  }
  return capabilities
}

const agentsOf = (document: AuthzDocument): Readonly<Record<string, Entry>> => {
  const agents = (document.agents ?? {}) as Record<string, Entry | null>
  return Object.fromEntries(Object.entries(agents).map(([identity, entry]) => [identity, entry ?? {}]))
}

const withAgents = (document: AuthzDocument, agents: Readonly<Record<string, Entry>>): AuthzDocument => ({
  ...document,
  agents,
})

function isPattern(source: string): boolean {
  try {
    new RegExp(source)
    return true
  } catch {
    return false
  }
}
