/**
 * What the federation remembers: `federation_config.json`, which the Python platform shares with us, and beside it
 * `federation_state.json`, which is ours.
 *
 * Neither keeps the platform from starting: a file that cannot be used is set aside, and the federation starts anew.
 */
import { instanceNameProblem } from '@volttron/vip'
import { readJsonFile, UnusableFile } from './json-file.ts'

/** One entry of `platforms`, spelled as in the file. Keys we do not know are kept. */
export interface KnownPlatform {
  readonly id: string
  readonly address: string
  readonly public_credentials: string
  readonly group: string
  readonly connected: boolean
  /** Unix time in seconds; `null` before the first. */
  readonly last_heartbeat: number | null
  readonly [extra: string]: unknown
}

export interface FederationConfig {
  readonly registry_url?: string
  readonly platforms: readonly KnownPlatform[]
  readonly [extra: string]: unknown
}

/** What we know of one platform beyond the shared file; whoever uses a key defines it. */
export type PlatformState = Readonly<Record<string, unknown>>

export interface FederationState {
  readonly version: 1
  readonly platforms: Readonly<Record<string, PlatformState>>
}

export interface Loaded<T> {
  readonly value: T
  /** One line each, for the log: what could not be used. */
  readonly messages: readonly string[]
}

const STATE_VERSION = 1

/** @param nowMs wall clock, for the name of a file set aside */
export async function loadFederationConfig(path: string, nowMs: number): Promise<Loaded<FederationConfig>> {
  const left: string[] = []
  const { value, message } = await readJsonFile(path, (json) => readConfig(json, left), nowMs)
  const messages = message === undefined ? [] : [message]
  if (left.length > 0) {
    messages.push(`${path}: ${left.length} of its platforms cannot be used and were left out, first ${left[0]}`)
  }
  return { value: value ?? { platforms: [] }, messages }
}

/** @param nowMs wall clock, for the name of a file set aside */
export async function loadFederationState(path: string, nowMs: number): Promise<Loaded<FederationState>> {
  const { value, message } = await readJsonFile(path, readState, nowMs)
  return { value: value ?? { version: STATE_VERSION, platforms: {} }, messages: message === undefined ? [] : [message] }
}

const asObject = (json: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : undefined

function readConfig(json: unknown, left: string[]): FederationConfig {
  const { registry_url, platforms, ...extra } = asObject(json) ?? {}
  if (!asObject(json) || (platforms !== undefined && !Array.isArray(platforms))) {
    throw new UnusableFile('it holds no list of platforms')
  }
  const known = new Map<string, KnownPlatform>()
  for (const [index, entry] of (platforms ?? []).entries()) {
    const platform = readPlatform(entry)
    if (platform && !known.has(platform.id)) known.set(platform.id, platform)
    else left.push(`number ${index + 1}`)
  }
  const url = typeof registry_url === 'string' ? { registry_url } : {}
  return { ...extra, ...url, platforms: [...known.values()] }
}

/** Ids become log lines and file content again: they are checked like those from the network. */
function readPlatform(entry: unknown): KnownPlatform | undefined {
  const { id, address, public_credentials, group, connected, last_heartbeat, ...extra } = asObject(entry) ?? {}
  if (typeof id !== 'string' || instanceNameProblem(id) !== undefined) return undefined
  if (typeof address !== 'string' || typeof public_credentials !== 'string') return undefined
  return {
    ...extra,
    id,
    address,
    public_credentials,
    group: typeof group === 'string' ? group : 'default',
    connected: connected === true,
    last_heartbeat: typeof last_heartbeat === 'number' ? last_heartbeat : null,
  }
}

function readState(json: unknown): FederationState {
  const { version, platforms } = asObject(json) ?? {}
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new UnusableFile(`it was written by a newer version (format ${version})`, 'newer')
  }
  const states = asObject(platforms)
  if (version !== STATE_VERSION || !states) throw new UnusableFile('it holds no platforms')
  const known = Object.entries(states).filter(([id, state]) => instanceNameProblem(id) === undefined && asObject(state))
  return { version: STATE_VERSION, platforms: Object.fromEntries(known) as Record<string, PlatformState> }
}
