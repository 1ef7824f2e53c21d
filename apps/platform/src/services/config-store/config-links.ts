/** `config://NAME` as a value stands for another configuration. The agent follows links; the store refuses loops. */
import { linkKey } from './config-name.ts'

/** Keys of the configurations that the contents refer to. Text has no links. */
export function linksIn(contents: unknown): ReadonlySet<string> {
  const found = new Set<string>()
  // No recursion: a configuration may be nested as deeply as its author likes.
  const open = typeof contents === 'object' && contents !== null ? [contents] : []
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const value of Object.values(next)) {
      if (typeof value === 'object' && value !== null) open.push(value)
      const key = linkKey(value)
      if (key !== undefined) found.add(key)
    }
  }
  return found
}

/** Whether somebody who follows the links of `contents` comes to `key`, by `contentsOf` the other configurations. */
export function leadsTo(key: string, contents: unknown, contentsOf: (key: string) => unknown): boolean {
  const seen = new Set<string>()
  const open = [...linksIn(contents)]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === key) return true
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...linksIn(contentsOf(next)))
  }
  return false
}
