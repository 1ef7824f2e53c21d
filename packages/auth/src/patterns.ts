/**
 * Patterns of authz.json. `/text/` is a regular expression, anything else is plain text; a topic pattern matches from the
 * start of the topic, a name pattern matches the whole name.
 *
 * Rules are written by an operator, yet a careless expression must not stop the platform: length is bounded, and nested
 * repetition, which can take exponential time, is refused.
 */
import { VolttronError } from '@volttron/vip'

export type TextMatcher = (text: string) => boolean

const MAX_EXPRESSION_LENGTH = 256
/** Longer texts are not matched against expressions; no real topic or method comes near. */
const MAX_TEXT_LENGTH = 1024
const MAX_REPETITIONS = 3

/** Text between slashes: `/.../`. */
const expressionOf = (text: string): string | undefined =>
  text.length >= 2 && text.startsWith('/') && text.endsWith('/') ? text.slice(1, -1) : undefined

/**
 * `devices` stands for all that starts so; `/secret.*\/` is an expression.
 *
 * @param whenTooLong the answer for a topic too long to be matched: `true` where a match protects, `false` where it grants
 * @throws VolttronError `bad-data`
 */
export function topicPattern(source: string, whenTooLong: boolean): TextMatcher {
  // A plain entry with the signs of an expression is one, as the Python platform reads it: `devices/*` protects `devices`.
  const expression = expressionOf(source) ?? (/[*+?()[\]{}|^$\\]/.test(source) ? source : undefined)
  if (expression === undefined) return (topic) => topic.startsWith(source)
  // Where a match protects, `.` is any character: a line separator in a topic must not lead past the rule.
  const compiled = compile(source, expression, (text) => `^(?:${text})`, whenTooLong ? 's' : '')
  return (topic) => (topic.length > MAX_TEXT_LENGTH ? whenTooLong : compiled.test(topic))
}

/** Matches a whole name: `peer.method`, or `/peer\..*\/`. @throws VolttronError `bad-data` */
export function namePattern(source: string): TextMatcher {
  const expression = expressionOf(source)
  if (expression === undefined) return (text) => text === source
  const compiled = compile(source, expression, (text) => `^(?:${text})$`)
  return (text) => text.length <= MAX_TEXT_LENGTH && compiled.test(text)
}

/** The text with which every name begins that the pattern matches; for plain text all of it. */
export function fixedStart(source: string): string {
  const expression = expressionOf(source)
  return expression === undefined ? source : fixedHead(expression)
}

/** Matches the text of a parameter: equal, or `/expression/` from its start. @throws VolttronError `bad-data` */
export function valuePattern(source: string): TextMatcher {
  const expression = expressionOf(source)
  if (expression === undefined) return (text) => text === source
  const compiled = compile(source, expression, (text) => `^(?:${text})`)
  return (text) => text.length <= MAX_TEXT_LENGTH && compiled.test(text)
}

function compile(source: string, expression: string, anchored: (text: string) => string, flags: 's' | '' = ''): RegExp {
  const shown = source.length > 60 ? `${source.slice(0, 60)}...` : source
  const bad = (why: string, cause?: unknown) =>
    new VolttronError('bad-data', `'${shown}' is no usable regular expression: ${why}`, { cause })
  if (expression.length > MAX_EXPRESSION_LENGTH) throw bad(`it has more than ${MAX_EXPRESSION_LENGTH} characters`)
  const problem = riskOf(expression)
  if (problem) throw bad(problem)
  try {
    return new RegExp(anchored(expression), flags)
  } catch (error) {
    throw bad(String((error as Error).message).replace(/^Invalid regular expression: /, ''), error)
  }
}

/** Why an expression is refused though it compiles. */
function riskOf(expression: string): string | undefined {
  if (/\\[AZzG]|\(\?P/.test(expression)) return 'it uses signs only Python knows'
  if (/\\[1-9]/.test(expression)) return 'back references are not supported'
  const bare = expression.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')
  if ((bare.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0) > MAX_REPETITIONS)
    return `it has more than ${MAX_REPETITIONS} repetitions`
  // Groups that repeat, from the inside out: one that holds a repetition or a choice must not be repeated itself.
  let rest = bare
  for (;;) {
    const group = /\(([^()]*)\)([*+]|\{\d+,\d*\})?/.exec(rest)
    if (!group) return undefined
    const holdsMany = /[*+{|]/.test(group[1]!)
    if (group[2] && holdsMany) return 'a repeated group must not hold a repetition or a choice'
    // What stands for the group keeps its nature, for the group around it.
    rest = rest.slice(0, group.index) + (holdsMany || group[2] ? 'x*' : 'x') + rest.slice(group.index + group[0].length)
  }
}

/** The text every match starts with; empty when there is none. */
function fixedHead(expression: string): string {
  if (expression.includes('|')) return ''
  let head = ''
  let at = expression.startsWith('^') ? 1 : 0
  while (at < expression.length) {
    const escaped = /^\\([^A-Za-z0-9])/.exec(expression.slice(at))
    const char = escaped ? escaped[1]! : expression[at]!
    if (!escaped && /[.*+?^$(){}[\]\\]/.test(char)) break
    const next = at + (escaped ? 2 : 1)
    if (/[*?{]/.test(expression[next] ?? '')) break
    head += char
    at = next
  }
  return head
}
