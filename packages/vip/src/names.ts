/** Identities of agents and instance names of platforms: what is a legal name, and what a Python peer would misread. */
import { ReservedIdentity } from './constants.ts'

/**
 * True for text a Python endpoint would turn into something else, because it parses every frame as JSON: `123`, `true`,
 * `null`, `NaN`, `"x"` (VIP specification, section 3.2).
 */
export function looksLikeJson(text: string): boolean {
  if (JSON_WORD.test(text)) return true
  // Most names need no closer look, and JSON.parse takes long to throw.
  if (!OTHER_JSON_START.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * True for a topic that a Python endpoint takes for the text it is. A router ends at any other, because it looks for a prefix
 * in what is no text any more; router and agent end at brackets that nest too deeply for their reader of JSON (VIP
 * specification, section 4.6).
 */
export const isTextToPython = (topic: string): boolean => !/^\s*[[{]/.test(topic) && !looksLikeJson(topic)

const JSON_WORD = /^\s*(?:true|false|null|-?(?:NaN|Infinity))\s*$/
/** How every JSON text begins that is not a word. */
const OTHER_JSON_START = /^\s*[-0-9"[{]/

const IDENTITY = /^[A-Za-z0-9_.-]{1,255}$/
const INSTANCE_NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Identities and instance names become keys of JSON objects: `__proto__`, `constructor` and their like would not arrive. */
const isObjectMember = (text: string): boolean => text in Object.prototype

/** Identities that were looked at lately and are good: the same few are asked about with every call between platforms. */
const goodIdentities = new Set<string>()
const MAX_GOOD_IDENTITIES = 4_096

/** Why `text` is no identity of an agent; `undefined` when it is one. */
export function identityProblem(text: string): string | undefined {
  if (goodIdentities.has(text)) return undefined
  const problem = findIdentityProblem(text)
  if (problem !== undefined) return problem
  if (goodIdentities.size >= MAX_GOOD_IDENTITIES) goodIdentities.clear()
  goodIdentities.add(text)
  return undefined
}

function findIdentityProblem(text: string): string | undefined {
  if (!IDENTITY.test(text)) return 'an identity has 1 to 255 letters, digits, dots, dashes or underscores'
  if (/^\.+$/.test(text)) return 'an identity must not consist of dots only'
  if (looksLikeJson(text)) return 'an identity must not read as JSON (123, true, null): Python peers would change it'
  if (isObjectMember(text)) return `an identity must not be ${text}: every JavaScript object has a member of that name`
  return undefined
}

/** Why `text` is no instance name (and no registry id); `undefined` when it is one. */
export function instanceNameProblem(text: string): string | undefined {
  if (!INSTANCE_NAME.test(text)) return 'an instance name has 1 to 64 letters, digits, dashes or underscores'
  if (!/[A-Za-z]/.test(text)) return 'an instance name needs at least one letter'
  if (looksLikeJson(text))
    return 'an instance name must not read as JSON (true, null, 1e5): Python peers would change it'
  if (isObjectMember(text))
    return `an instance name must not be ${text}: every JavaScript object has a member of that name`
  return undefined
}

/** The nearest legal instance name to a host name; `volttron` when nothing of it is legal. */
export function instanceNameFromHost(host: string): string {
  const name = host.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 64)
  return instanceNameProblem(name) === undefined ? name : 'volttron'
}

const { router: _, ...own } = ReservedIdentity
const OWN: ReadonlySet<string> = new Set(Object.values(own))
/** Every `vctl` connects under a name of its own below `control.connection`. */
const COMMAND_LINES = `${ReservedIdentity.controlConnection}.`

/**
 * True for identities only the platform's own keys may use: its services, and the operator's command lines. Other names
 * below `platform.`, such as `platform.driver`, are those of ordinary agents.
 */
export const isReservedIdentity = (identity: string): boolean => OWN.has(identity) || identity.startsWith(COMMAND_LINES)

/** A peer named from another platform: `<platform>/<identity>`. */
export interface RemotePeer {
  readonly platform: string
  readonly identity: string
}

/** Reads `<platform>/<identity>`; `undefined` for a plain local identity. */
export function parseRemotePeer(peer: string): RemotePeer | undefined {
  const slash = peer.indexOf('/')
  if (slash < 0) return undefined
  return { platform: peer.slice(0, slash), identity: peer.slice(slash + 1) }
}
