/**
 * Links between configurations: a text value `config://<name>`, however deep, stands for the configuration of that name (VIP
 * specification, section 7.1). The store keeps the text; the agent puts the contents in its place.
 */

const PREFIX = 'config://'

/** Names are the same in any case and with blanks and slashes around them. */
export const configKey = (name: string): string => name.replace(/^[\s/\\]+|[\s/\\]+$/g, '').toLowerCase()

const linkIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value.toLowerCase().startsWith(PREFIX)
    ? configKey(value.slice(PREFIX.length))
    : undefined

/** Keys of the configurations that `contents` link to. Text alone links to nothing. */
export function linksOf(contents: unknown, found = new Set<string>()): Set<string> {
  if (typeof contents !== 'object' || contents === null) return found
  for (const value of Object.values(contents)) {
    const link = linkIn(value)
    if (link !== undefined) found.add(link)
    else linksOf(value, found)
  }
  return found
}

/**
 * A copy of the contents of `key` with every link replaced; a link to nothing becomes `null`. A link back to where it comes
 * from, which the store refuses, ends there.
 */
export function resolveLinks(
  key: string,
  contentsOf: (key: string) => unknown,
  resolved = new Map<string, unknown>(),
): unknown {
  if (resolved.has(key)) return resolved.get(key)
  const contents = contentsOf(key)
  if (typeof contents !== 'object' || contents === null) return contents ?? null
  const copy = structuredClone(contents)
  resolved.set(key, copy)
  replaceLinks(copy, (link) => resolveLinks(link, contentsOf, resolved))
  return copy
}

function replaceLinks(value: object, resolve: (link: string) => unknown): void {
  const slots = value as Record<string, unknown>
  for (const [slot, inner] of Object.entries(slots)) {
    const link = linkIn(inner)
    if (link !== undefined) slots[slot] = resolve(link)
    else if (typeof inner === 'object' && inner !== null) replaceLinks(inner, resolve)
  }
}
