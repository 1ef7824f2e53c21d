/** Patterns of configuration names, as Python's fnmatch has them: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`. `*` crosses slashes. */
import { VolttronError } from '@volttron/vip'

/** A test for names in lower case. @throws VolttronError `usage` for a set that is none, such as `[z-a]` */
export function namePattern(pattern: string): (key: string) => boolean {
  const source = pattern.toLowerCase().replace(TOKENS, (token) => {
    if (token === '?') return '.'
    if (token.startsWith('*')) return '.*'
    return token.length > 1 ? setSource(token) : `\\${token}`
  })
  const expression = compile(source, pattern)
  return (key) => expression.test(key)
}

function compile(source: string, pattern: string): RegExp {
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch (error) {
    throw new VolttronError('usage', `'${pattern}' is no pattern of names`, { cause: error })
  }
}

/** Stars, a question mark, a whole set (whose first character may be `]`), or something that means more to RegExp. */
const TOKENS = /\*+|\?|\[!?\]?[^\]]*\]|[[\]{}()+.\\^$|/]/g

function setSource(set: string): string {
  const isNegated = set[1] === '!'
  if (set === '[!]') return '\\[!\\]'
  const members = set.slice(isNegated ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&')
  return `[${isNegated ? '^' : ''}${members}]`
}
