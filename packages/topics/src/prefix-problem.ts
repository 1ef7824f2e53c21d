/** Longest prefix a subscriber or another platform may ask for, in UTF-16 code units. */
export const MAX_PREFIX_LENGTH = 1024

/**
 * Why `value` is no prefix to subscribe to; `undefined` when it is one. Prefixes come from the network: they may be
 * anything.
 */
export function prefixProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `a prefix is text, not ${value === null ? 'null' : typeof value}`
  if (value.length > MAX_PREFIX_LENGTH)
    return `a prefix has at most ${MAX_PREFIX_LENGTH} characters, this one has ${value.length}`
  return undefined
}
