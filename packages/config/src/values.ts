/** Schemas of single option values. Each reads the text a person writes and gives the typed value. */
import { z } from 'zod'

const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']

/** `true`, `yes`, `on`, `1` and their opposites, in any case. */
export const flagValue = () =>
  z.string().transform((text, context) => {
    if (TRUE.includes(text.toLowerCase())) return true
    if (FALSE.includes(text.toLowerCase())) return false
    context.addIssue({ code: 'custom', message: 'expected true or false' })
    return z.NEVER
  })

/** Any text but the empty one. */
export const textValue = () => z.string().min(1, 'a value is missing')

/** One of a few words. */
export const choiceValue = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: `expected ${words.join(' or ')}` })

/** A whole number within bounds. */
export const countValue = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const value = Number(text)
    if (/^[0-9]{1,15}$/.test(text) && value >= min && value <= max) return value
    context.addIssue({ code: 'custom', message: `expected a whole number from ${min} to ${max}` })
    return z.NEVER
  })

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
}

/** An amount of bytes: `65536`, `64KiB`, `16 MiB`, `1GB`. */
export const bytesValue = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const parts = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([a-z]*)$/i.exec(text)
    const unit = BYTE_UNITS[parts?.[2]?.toLowerCase() ?? '?']
    const value = Math.round(Number(parts?.[1]) * (unit ?? Number.NaN))
    if (value >= min && value <= max) return value
    context.addIssue({
      code: 'custom',
      message: `expected an amount from ${formatBytes(min)} to ${formatBytes(max)}, such as 16MiB`,
    })
    return z.NEVER
  })

const TIME_UNITS: Readonly<Record<string, number>> = { '': 1000, ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 }

/** A span of time, given in milliseconds: `500ms`, `5s`, `2min`; a plain number means seconds, as everywhere in VOLTTRON. */
export const durationValue = (minMs: number, maxMs: number) =>
  z.string().transform((text, context) => {
    const parts = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([a-z]*)$/i.exec(text)
    const unit = TIME_UNITS[parts?.[2]?.toLowerCase() ?? '?']
    const value = Math.round(Number(parts?.[1]) * (unit ?? Number.NaN))
    if (value >= minMs && value <= maxMs) return value
    context.addIssue({
      code: 'custom',
      message: `expected a time from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as 5s`,
    })
    return z.NEVER
  })

/** Several values: repeated, in several lines, or parted by commas or blanks. */
export const listValue = <T extends z.ZodType>(item: T) => z.array(item)

/** `16MiB` for 16777216; the largest unit that loses nothing. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`
  }
  return `${bytes}`
}

/** `5s` for 5000; the largest unit that loses nothing. */
export function formatDuration(ms: number): string {
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}min`
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}
