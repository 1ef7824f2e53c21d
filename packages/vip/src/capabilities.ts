/**
 * What a peer of ours announces in `hello` and gets in `welcome`: one extra JSON argument, which Python ignores. Only the
 * holder of the connection's own key can speak there, so nobody else can force a downgrade.
 */

/** Versions of the batched form we speak. */
const OUR_VERSIONS = { min: 1, max: 1 } as const

/** How much a side may send before it hears more, counted from the start of the connection. */
export interface Credit {
  readonly bytes: number
  readonly records: number
}

export interface HelloCapabilities {
  readonly versions: { readonly min: number; readonly max: number }
  readonly features: readonly string[]
  /** What the router may send at first. */
  readonly credit: Credit
}

export interface WelcomeCapabilities {
  readonly version: number
  readonly features: readonly string[]
  /** What the peer may send at first. */
  readonly credit: Credit
  /** Names this connection in every batch. */
  readonly nonce: number
  readonly instanceName: string
}

const KEY = 'volttron-ts'
/** A batch has four bytes for it. */
const MAX_NONCE = 0xffffffff

export const helloArgument = (credit: Credit, features: readonly string[] = []): string =>
  JSON.stringify({ [KEY]: { versions: OUR_VERSIONS, features, credit } satisfies HelloCapabilities })

export const welcomeArgument = (welcome: WelcomeCapabilities): string => JSON.stringify({ [KEY]: welcome })

/** The version both sides speak, or `undefined` when there is none. */
export function commonVersion(versions: HelloCapabilities['versions']): number | undefined {
  const version = Math.min(versions.max, OUR_VERSIONS.max)
  return version >= Math.max(versions.min, OUR_VERSIONS.min) ? version : undefined
}

/** Capabilities in a `hello`; `undefined` for a classic peer. */
export function parseHello(text: string): HelloCapabilities | undefined {
  const value = ours(text)
  if (!value || !isObject(value.versions) || !isCredit(value.credit)) return undefined
  const { min, max } = value.versions
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max)) return undefined
  return { versions: { min: min as number, max: max as number }, features: texts(value.features), credit: value.credit }
}

/** Capabilities in a `welcome`; `undefined` when the router is a classic one. */
export function parseWelcome(text: string): WelcomeCapabilities | undefined {
  const value = ours(text)
  if (!value || !isCredit(value.credit) || !Number.isSafeInteger(value.version)) return undefined
  if (!isCount(value.nonce) || value.nonce > MAX_NONCE || typeof value.instanceName !== 'string') return undefined
  return {
    version: value.version as number,
    features: texts(value.features),
    credit: value.credit,
    nonce: value.nonce,
    instanceName: value.instanceName,
  }
}

function ours(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && isObject(value[KEY]) ? value[KEY] : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCredit = (value: unknown): value is Credit => isObject(value) && isCount(value.bytes) && isCount(value.records)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
