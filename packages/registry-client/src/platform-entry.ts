/** Reads the list of a registry entry by entry: one bad entry never costs the good ones. */
import {
  type Platform,
  type PlatformDetails,
  platformDetailsSchema,
  previousKeySchema,
  RegistryLimit,
  registrationSchema,
} from '@volttron/contracts'
import { describeError, instanceNameProblem, parseAddress } from '@volttron/vip'
import { z } from 'zod'
import { printable } from './http-exchange.ts'

/** What only our registry says about an entry. */
export type EntryDetails = Omit<PlatformDetails, keyof Platform>

/** One platform of the list. Its key may be none: the caller shows that as `invalid-key`. */
export interface PlatformEntry extends Platform {
  /** `undefined` from a registry that does not know them, such as the Python one. */
  readonly details: EntryDetails | undefined
}

/** An entry that cannot be used. */
export interface RejectedEntry {
  /** Its id when that at least is legal. */
  readonly id: string | undefined
  readonly reason: string
}

export interface ReadEntries {
  readonly platforms: readonly PlatformEntry[]
  /** The first hundred. */
  readonly rejected: readonly RejectedEntry[]
  readonly rejectedCount: number
}

const MAX_REPORTED = 100

const time = z.string().max(40)
const key = z.string().max(2 * RegistryLimit.maxCredentials)

const detailsSchema = platformDetailsSchema
  .omit({ id: true, address: true, public_credentials: true, group: true })
  .extend({
    created_at: time,
    updated_at: time,
    last_seen: time,
    previous_keys: z.array(previousKeySchema.extend({ public_credentials: key, replaced_at: time })).max(64),
  })

/** One entry, or why it cannot be used. */
export function readEntry(value: unknown): PlatformEntry | RejectedEntry {
  const parsed = registrationSchema.safeParse(value)
  if (!parsed.success) {
    const id = typeof value === 'object' && value !== null ? Reflect.get(value, 'id') : undefined
    const issue = parsed.error.issues[0]
    const reason = printable(`${issue?.path.join('.') || 'entry'}: ${issue?.message.replace(/^Value error, /, '')}`)
    return { id: typeof id === 'string' && instanceNameProblem(id) === undefined ? id : undefined, reason }
  }
  const { id, address, public_credentials, group } = parsed.data
  try {
    parseAddress(address)
  } catch (error) {
    return { id, reason: printable(describeError(error)) }
  }
  const details = detailsSchema.safeParse(value)
  return { id, address, public_credentials, group, details: details.success ? details.data : undefined }
}

/** @param maxEntries entries after so many are counted as rejected unread */
export function readEntries(list: readonly unknown[], maxEntries: number): ReadEntries {
  const platforms = new Map<string, PlatformEntry>()
  const rejected: RejectedEntry[] = []
  let rejectedCount = 0
  const reject = (entry: RejectedEntry, count = 1) => {
    rejectedCount += count
    if (rejected.length < MAX_REPORTED) rejected.push(entry)
  }
  for (const value of list.slice(0, maxEntries)) {
    const entry = readEntry(value)
    if ('reason' in entry) reject(entry)
    else if (platforms.has(entry.id)) reject({ id: entry.id, reason: 'the id appears twice; the first entry counts' })
    else platforms.set(entry.id, entry)
  }
  const unread = list.length - maxEntries
  if (unread > 0)
    reject({ id: undefined, reason: `${unread} entries after the first ${maxEntries} were not read` }, unread)
  return { platforms: [...platforms.values()], rejected, rejectedCount }
}
