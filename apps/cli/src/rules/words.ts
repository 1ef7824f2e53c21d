/** Rights as a person types them, in the forms of Python's `vctl authz`. */
import {
  authzIdentityProblem,
  type CapabilityChange,
  type NamedEntry,
  type RoleHolderChange,
  type TopicAccess,
} from '@volttron/auth'
import { isReservedIdentity, parseRemotePeer, VolttronError } from '@volttron/vip'

/** The options of `vctl authz add` that give rights. */
export interface RightsOptions {
  readonly rpcCapabilities?: readonly string[]
  readonly pubsubCapabilities?: readonly string[]
  readonly roleNames?: readonly string[]
}

/** @throws VolttronError `usage` */
export const capabilitiesOf = ({ rpcCapabilities, pubsubCapabilities }: RightsOptions): CapabilityChange => ({
  rpc: rpcCapabilities && parseRpcCapabilities(rpcCapabilities),
  pubsub: pubsubCapabilities && parsePubsubCapabilities(pubsubCapabilities),
})

/** @throws VolttronError `usage` */
export const rightsOf = (options: RightsOptions): RoleHolderChange => ({
  ...capabilitiesOf(options),
  roles: options.roleNames && parseRoles(options.roleNames),
})

/**
 * An agent's identity, `<platform>/<identity>`, or `<platform>/*` for every agent of a platform.
 *
 * @throws VolttronError `usage`
 */
export function checkAgentIdentity(text: string): void {
  const problem = authzIdentityProblem(text)
  if (problem !== undefined) throw new VolttronError('usage', `bad identity '${text}': ${problem}`)
  if (!parseRemotePeer(text) && isReservedIdentity(text))
    throw new VolttronError('usage', `'${text}' belongs to the platform, which keeps its rights itself`)
}

/**
 * `callee.method`, `/pattern/`, or `{"callee.method": {"parameter": allowed}}`; several may be parted by commas.
 *
 * @throws VolttronError `usage`
 */
export function parseRpcCapabilities(words: readonly string[]): NamedEntry[] {
  const bad = (capability: string, why: string) =>
    new VolttronError('usage', `bad RPC capability '${capability}': ${why}`, {
      hint: 'write CALLEE.METHOD, for example thermostat.read, or /thermostat[.].*/ for a pattern',
    })
  const capabilities = words.flatMap(splitAtCommas)
  if (capabilities.length === 0) throw bad('', 'it is empty')
  return capabilities.map((capability) => {
    if (capability.startsWith('{')) return parseRestricted(capability, bad)
    if (capability.startsWith('/')) checkPattern(capability, bad)
    else if (!/^[^\s.]+(\.[^\s.]+)+$/.test(capability)) throw bad(capability, 'the method is missing')
    return capability
  })
}

/** `<topic or /pattern/>:<publish|subscribe|pubsub>`. @throws VolttronError `usage` */
export function parsePubsubCapabilities(words: readonly string[]): Record<string, TopicAccess> {
  const bad = (word: string, why: string) =>
    new VolttronError('usage', `bad pubsub capability '${word}': ${why}`, {
      hint: 'write TOPIC:publish, TOPIC:subscribe or TOPIC:pubsub; the topic may be a /pattern/',
    })
  return Object.fromEntries(
    words.map((word) => {
      const colon = word.lastIndexOf(':')
      const topic = word.slice(0, colon)
      const access = word.slice(colon + 1)
      if (colon < 1) throw bad(word, 'the access is missing')
      if (access !== 'publish' && access !== 'subscribe' && access !== 'pubsub')
        throw bad(word, `there is no access '${access}'`)
      if (topic.startsWith('/')) checkPattern(topic, (_topic, why) => bad(word, why))
      return [topic, access] as const
    }),
  )
}

/** A name of a role, or `{"role": {"parameter": allowed}}`. @throws VolttronError `usage` */
export function parseRoles(words: readonly string[]): NamedEntry[] {
  const bad = (word: string, why: string) => new VolttronError('usage', `bad role '${word}': ${why}`)
  return words.map((word) => {
    if (word.trim() === '') throw bad(word, 'it is empty')
    return word.startsWith('{') ? parseRestricted(word, bad) : word
  })
}

/** Topics to protect. @throws VolttronError `usage` */
export function parseTopics(words: readonly string[]): readonly string[] {
  const bad = (word: string, why: string) =>
    new VolttronError('usage', `bad topic '${word}': ${why}`, { hint: 'write devices/secret, or /devices/.*secret.*/' })
  for (const word of words) {
    if (word === '') throw bad(word, 'it is empty')
    if (word.startsWith('/')) checkPattern(word, bad)
  }
  return words
}

type Bad = (word: string, why: string) => VolttronError

/** Patterns and JSON may have commas of their own. */
const splitAtCommas = (word: string): string[] =>
  (word.trimStart().startsWith('{') ? [word] : (word.match(/\/.+?\/(?=\s*(?:,|$))|[^,]+/g) ?? []))
    .map((part) => part.trim())
    .filter((part) => part !== '')

function parseRestricted(text: string, bad: Bad): NamedEntry {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw bad(text, 'it is not JSON')
  }
  const entries = Object.entries(json as Record<string, unknown>)
  if (entries.length === 0 || entries.some(([, value]) => typeof value !== 'object' || value === null))
    throw bad(text, 'an object of objects is expected: {"callee.method": {"parameter": "value"}}')
  return json as NamedEntry
}

function checkPattern(text: string, bad: Bad): void {
  if (text.length < 3 || !text.endsWith('/')) throw bad(text, 'a pattern ends with a slash')
  try {
    new RegExp(text.slice(1, -1))
  } catch {
    throw bad(text, 'it is no regular expression')
  }
}
