/**
 * What a registry, a file or an operator says about a platform, checked. All of it is foreign text: nothing becomes a
 * name, an address or a log line before it has passed here.
 */
import {
  instanceNameProblem,
  isDialOnlyAddress,
  isWildcard,
  type PublicKey,
  parseAddress,
  parsePublicKey,
} from '@volttron/vip'

export interface KnownPlatform {
  readonly name: string
  /** `tcp://host:port`; `''` while nobody has told. */
  readonly address: string
  /** The credential as it was listed; what the configuration file shows. */
  readonly credentials: string
  /** The key we hold the platform to; `undefined`: none yet, so no session. */
  readonly key: PublicKey | undefined
  /** A key the registry names that has not been vouched for; an operator may accept it. */
  readonly candidate: PublicKey | undefined
  /** The platform shows a credential that is no CURVE key. */
  readonly invalidKey: boolean
  readonly group: string
  /** Nobody can dial it. */
  readonly dialOnly: boolean
  readonly source: 'registry' | 'last-known' | 'listed'
  /** The registry's run in which the platform was seen last. */
  readonly generation: string | null
}

export const isDialable = (known: KnownPlatform): boolean =>
  known.key !== undefined && !known.dialOnly && known.address !== ''

/** An entry of a list after its fields were checked. */
export interface CheckedEntry {
  readonly name: string
  readonly address: string
  readonly credentials: string
  /** `undefined` when the credential is no CURVE key. */
  readonly key: PublicKey | undefined
  readonly group: string
  readonly dialOnly: boolean
  readonly createdAt: string | undefined
  /** How the key was vouched for, and the keys before it, newest first. */
  readonly proven: string
  readonly previousKeys: readonly { readonly key: string; readonly proven: string }[]
}

export type EntryProblem = 'not-an-entry' | 'bad-name' | 'bad-address' | 'bad-credentials' | 'bad-group'

const MAX_TEXT = 512
const MAX_PREVIOUS_KEYS = 100
const CONTROL_CHARACTER = /[\p{Cc}\p{Surrogate}]/u

/** Checks one entry of a list. Never throws. */
export function checkEntry(value: unknown): CheckedEntry | EntryProblem {
  if (!isRecord(value)) return 'not-an-entry'
  const { id, address, public_credentials: credentials } = value
  if (!isLine(id, 64) || instanceNameProblem(id) !== undefined) return 'bad-name'
  if (!isLine(credentials, MAX_TEXT) || credentials === '') return 'bad-credentials'
  const group = value.group ?? 'default'
  if (!isLine(group, 128)) return 'bad-group'
  if (!isLine(address, MAX_TEXT)) return 'bad-address'
  const dialOnly = value.dial_only === true || isDialOnlyAddress(address)
  if (!dialOnly && !isAddressToDial(address)) return 'bad-address'
  return {
    name: id,
    address,
    credentials,
    key: parsePublicKey(credentials),
    group,
    dialOnly,
    createdAt: isLine(value.created_at, 64) ? value.created_at : undefined,
    proven: isLine(value.proven, 32) ? value.proven : 'none',
    previousKeys: previousKeys(value.previous_keys),
  }
}

/**
 * True when the entry's key has replaced `pinned` in a way that was proven at each step: by the key before, or by the
 * registration password.
 */
export function isProvenSuccessor(entry: CheckedEntry, pinned: PublicKey): boolean {
  if (entry.proven === 'password') return true
  if (entry.proven !== 'old-key') return false
  for (const previous of entry.previousKeys) {
    if (previous.proven === 'password') return true
    if (previous.proven !== 'old-key') return false
    if (parsePublicKey(previous.key) === pinned) return true
  }
  return false
}

/** Foreign text as it may stand in a status or a log. */
export const printable = (value: unknown): string => {
  const text = typeof value === 'string' ? value : typeof value
  return text.slice(0, 40).replace(/[^\x20-\x7e]/g, '?')
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isLine = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.length <= maxLength && !CONTROL_CHARACTER.test(value)

function isAddressToDial(text: string): boolean {
  try {
    const address = parseAddress(text)
    return address.scheme === 'tcp' && address.port > 0 && !isWildcard(address)
  } catch {
    return false
  }
}

function previousKeys(value: unknown): { key: string; proven: string }[] {
  if (!Array.isArray(value)) return []
  const keys = []
  for (const item of value.slice(0, MAX_PREVIOUS_KEYS)) {
    if (!isRecord(item) || !isLine(item.public_credentials, MAX_TEXT) || !isLine(item.proven, 32)) break
    keys.push({ key: item.public_credentials, proven: item.proven })
  }
  return keys
}
