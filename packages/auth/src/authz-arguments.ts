/**
 * Capabilities and roles as callers of `platform.auth` give them, in the form of authz.json.
 *
 * The Python tools send their objects, `{"rpc_capabilities": [{"resource": ..., "param_restrictions": ...}]}` (VIP
 * specification, section 6.4); people write lists as in the file. Values are checked with the whole document afterwards.
 */
import { VolttronError } from '@volttron/vip'
import type { TopicAccess } from './authz-document.ts'

/** `"name"`, or the name with what its parameters are restricted to. */
export type NamedEntry = string | Readonly<Record<string, Readonly<Record<string, unknown>>>>

type JsonObject = Readonly<Record<string, unknown>>

/** @returns `undefined` when nothing was given. @throws VolttronError `usage` */
export const rpcArgument = (value: unknown): readonly NamedEntry[] | undefined =>
  namedEntries(value, 'rpc_capabilities', 'resource')

/** @returns `undefined` when nothing was given. @throws VolttronError `usage` */
export const rolesArgument = (value: unknown): readonly NamedEntry[] | undefined =>
  namedEntries(value, 'agent_roles', 'role_name')

/** @returns `undefined` when nothing was given. @throws VolttronError `usage` */
export function pubsubArgument(value: unknown): Readonly<Record<string, TopicAccess>> | undefined {
  const given = unwrapped(value, 'pubsub_capabilities')
  if (given === undefined || given === null) return undefined
  const result: Record<string, TopicAccess> = Object.create(null)
  const entries = Array.isArray(given) ? given.map(patternAndAccess) : Object.entries(objectOf(given))
  for (const [pattern, access] of entries) result[pattern] = access as TopicAccess
  return result
}

/** A list of texts; one alone stands for itself. @throws VolttronError `usage` */
export function textsArgument(value: unknown, name: string): readonly string[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.every((item) => typeof item === 'string')) return list
  throw new VolttronError('usage', `${name}: a text or a list of texts is expected`)
}

function namedEntries(value: unknown, listName: string, nameKey: string): readonly NamedEntry[] | undefined {
  const given = unwrapped(value, listName)
  if (given === undefined || given === null) return undefined
  if (!Array.isArray(given)) throw unknownForm(given)
  return given.map((item: unknown) => {
    if (typeof item === 'string') return item
    const object = objectOf(item)
    const name = object[nameKey]
    if (typeof name !== 'string') return object as NamedEntry
    const restrictions = object.param_restrictions
    return isEmpty(restrictions) ? name : { [name]: objectOf(restrictions) }
  })
}

function patternAndAccess(item: unknown): readonly [string, unknown] {
  const { topic_pattern: pattern, topic_access: access } = objectOf(item)
  if (typeof pattern !== 'string') throw unknownForm(item)
  return [pattern, access]
}

/** The list in the object that Python wraps around it. */
const unwrapped = (value: unknown, listName: string): unknown =>
  isObject(value) && Object.hasOwn(value, listName) ? value[listName] : value

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0)

function objectOf(value: unknown): JsonObject {
  if (isObject(value)) return value
  throw unknownForm(value)
}

const unknownForm = (value: unknown) =>
  new VolttronError(
    'usage',
    `this is no list of capabilities or roles: ${String(JSON.stringify(value)).slice(0, 100)}`,
    {
      hint: 'write them as in authz.json',
    },
  )
