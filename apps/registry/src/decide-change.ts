/**
 * What becomes of a registration: the rules of the reference service, and ours that nobody takes over an entry. Pure; it is
 * asked once before the write, and again inside it, where no other write can come between.
 */
import type { Platform, Proven, Registration } from '@volttron/contracts'

/** What is stored of the entry and of others that a registration could collide with. */
export interface Stored {
  readonly current: (Platform & { readonly dial_only: boolean }) | undefined
  /** Id of the platform that has the address; may be the entry itself. */
  readonly addressOwner: string | undefined
  readonly credentialsOwner: string | undefined
}

export type Decision =
  | { readonly kind: 'create' }
  /** The same data again. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'update' }
  /** PUT changes what exists; only POST creates. */
  | { readonly kind: 'not-found' }
  /** The entry exists, and nothing vouches for the change. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'duplicate'; readonly detail: string }

const isSame = (stored: NonNullable<Stored['current']>, wanted: Registration): boolean =>
  stored.address === wanted.address &&
  stored.public_credentials === wanted.public_credentials &&
  stored.group === wanted.group &&
  stored.dial_only === wanted.dial_only

function duplicate(stored: Stored, wanted: Registration): Decision | undefined {
  if (stored.addressOwner !== undefined && stored.addressOwner !== wanted.id) {
    return { kind: 'duplicate', detail: `Platform with address '${wanted.address}' already exists` }
  }
  if (stored.credentialsOwner !== undefined && stored.credentialsOwner !== wanted.id) {
    const detail = `Platform with public credential '${wanted.public_credentials}' already exists`
    return { kind: 'duplicate', detail }
  }
  return undefined
}

/** @param voucher what vouches for the request */
export function decideChange(method: 'POST' | 'PUT', stored: Stored, wanted: Registration, voucher: Proven): Decision {
  if (stored.current === undefined) {
    return method === 'PUT' ? { kind: 'not-found' } : (duplicate(stored, wanted) ?? { kind: 'create' })
  }
  if (isSame(stored.current, wanted)) return { kind: 'unchanged' }
  if (voucher === 'none') return { kind: 'denied' }
  return duplicate(stored, wanted) ?? { kind: 'update' }
}
