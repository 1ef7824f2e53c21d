/** Turns zod's issues into the 422 body of FastAPI, which clients of the reference service parse. */
import type { z } from 'zod'
import type { ValidationError } from './registry.ts'

type Detail = ValidationError['detail'][number]

/** At most this much of a wrong value is given back, in characters of its JSON. */
const MAX_ECHO = 500

const VALUE_ERROR = 'Value error, '

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  return value
}

const echo = (value: unknown): unknown => {
  const text = JSON.stringify(value)
  return text === undefined || text.length <= MAX_ECHO ? (value ?? null) : `${text.slice(0, MAX_ECHO)}…`
}

const TYPE_WORDS: Record<string, { type: string; msg: string }> = {
  string: { type: 'string_type', msg: 'Input should be a valid string' },
  boolean: { type: 'bool_type', msg: 'Input should be a valid boolean' },
  object: {
    type: 'model_attributes_type',
    msg: 'Input should be a valid dictionary or object to extract fields from',
  },
}

function detailOf(issue: z.core.$ZodIssue, body: unknown): Detail {
  const loc = ['body', ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))]
  const value = valueAt(body, issue.path)
  if (value === undefined && issue.path.length > 0 && issue.code !== 'custom') {
    return { type: 'missing', loc, msg: 'Field required', input: echo(valueAt(body, issue.path.slice(0, -1))) }
  }
  if (issue.code === 'invalid_type') {
    const words = TYPE_WORDS[issue.expected]
    return { type: words?.type ?? 'type_error', loc, msg: words?.msg ?? issue.message, input: echo(value) }
  }
  if (issue.message.startsWith(VALUE_ERROR)) {
    return { type: 'value_error', loc, msg: issue.message, input: echo(value), ctx: { error: {} } }
  }
  return { type: issue.code, loc, msg: issue.message, input: echo(value) }
}

/** The 422 body for a request body that zod refused. */
export const validationError = (error: z.ZodError, body: unknown): ValidationError => ({
  detail: error.issues.map((issue) => detailOf(issue, body)),
})

/** The 422 body for a body that is no JSON. */
export const notJsonError = (reason: string): ValidationError => ({
  detail: [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx: { error: reason } }],
})

/** The 422 body for an absent body. */
export const noBodyError: ValidationError = {
  detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
}
