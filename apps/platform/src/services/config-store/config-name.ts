/** Names of configurations (VIP specification, section 7.1): case is kept and does not count. */
import { configError } from './config-error.ts'

/** Blanks as Python knows them, and slashes. */
const EDGES: ReadonlySet<string> = new Set(' \t\n\r\v\f\\/')
const LINK = 'config://'
const MAX_NAME_LENGTH = 1_024

/** Not by an expression, which would take the square of the time for a name full of blanks. */
function strip(name: string): string {
  let start = 0
  let end = name.length
  while (start < end && EDGES.has(name[start]!)) start++
  while (end > start && EDGES.has(name[end - 1]!)) end--
  return name.slice(start, end)
}

/** The name as it is kept. @throws VolttronError `bad-data` when nothing, or too much, is left of it */
export function configName(text: unknown): string {
  if (typeof text !== 'string') throw configError('bad-data', 'the name of a configuration is text')
  const name = strip(text)
  if (name === '') throw configError('bad-data', `'${text.slice(0, 100)}' is no name of a configuration`)
  if (name.length > MAX_NAME_LENGTH) {
    throw configError('bad-data', `the name of a configuration has at most ${MAX_NAME_LENGTH} characters`)
  }
  return name
}

/** What two spellings of one name have in common. */
export const nameKey = (name: string): string => name.toLowerCase()

/** The key of the configuration that a value stands for (`config://NAME`); `undefined` for any other value. */
export function linkKey(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.toLowerCase()
  return text.startsWith(LINK) ? strip(text.slice(LINK.length)) : undefined
}
