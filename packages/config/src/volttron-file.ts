/**
 * Reader of `VOLTTRON_HOME/config`.
 *
 * The file has looked like two things over the years: a list of long command line options, one a line, and an INI file
 * with a `[volttron]` section. This reader accepts what both generations wrote, and the lines people copy from the
 * federation guide. It knows no option names: which keys exist is the business of `resolveOptions`.
 *
 * ```
 * [volttron]                            optional; other sections are kept apart
 * instance-name = site-1                `=`, `:` or blanks; dashes or underscores; a leading `--` is fine
 * enable_federation = true,             a trailing comma is dropped
 * address = tcp://192.168.1.10:22916    a repeated key adds up, and so do indented lines below a key
 *     tcp://10.0.0.1:22916              # a comment starts the line or follows a blank
 * dial-only                             a bare key is a flag
 * ```
 */

/** What is wrong in a file, for a person: `message` names file and line. */
export interface FileProblem {
  readonly line: number
  readonly message: string
}

export interface FileEntry {
  /** Lower case, with dashes: `instance-name`. */
  readonly key: string
  /** One element per line of the value, unquoted. Empty for a bare key, which is a flag. */
  readonly values: readonly string[]
  /** Line of the key, from 1. */
  readonly line: number
}

export interface VolttronFile {
  /** The name under which the file appears in messages. */
  readonly name: string
  /** Entries of `[volttron]` and those before any section, in order. */
  readonly entries: readonly FileEntry[]
  /** Entries of all other sections, by section name. */
  readonly sections: ReadonlyMap<string, readonly FileEntry[]>
  readonly problems: readonly FileProblem[]
}

/** The section whose keys are the platform's own options. */
const OWN_SECTION = 'volttron'
const KEY_LINE = /^(?:--)?([A-Za-z][A-Za-z0-9_.-]*)(\s*[=:]\s*|\s+|$)(.*)$/s

/** The spelling of an option name everywhere inside: lower case, with dashes. */
export const optionKey = (text: string): string => text.toLowerCase().replaceAll('_', '-')

interface OpenEntry {
  readonly key: string
  readonly values: string[]
  readonly line: number
  readonly indent: number
}

/** Reads the text of a configuration file. Never throws: what is wrong stands in `problems`, and the rest is read. */
export function readVolttronFile(text: string, name: string): VolttronFile {
  const sections = new Map<string, OpenEntry[]>([[OWN_SECTION, []]])
  const problems: FileProblem[] = []
  let entries = sections.get(OWN_SECTION)!
  let open: OpenEntry | undefined

  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (const [index, raw] of lines.entries()) {
    const line = index + 1
    const problem = (what: string) => problems.push({ line, message: `${name} line ${line}: ${what}` })
    const content = raw.trim()
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue

    const indent = raw.length - raw.trimStart().length
    if (open !== undefined && indent > open.indent) {
      const value = readValue(content)
      if (typeof value === 'string') open.values.push(value)
      else problem(value.problem)
      continue
    }
    if (content.startsWith('[')) {
      open = undefined
      const section = /^\[([^\]]+)\]\s*(?:[#;].*)?$/s.exec(content)?.[1]?.trim()
      if (!section) {
        problem(`'${excerpt(content)}' is no section header, which looks like [volttron]`)
        continue
      }
      const key = section.toLowerCase() === OWN_SECTION ? OWN_SECTION : section
      entries = sections.get(key) ?? []
      sections.set(key, entries)
      continue
    }
    const parts = KEY_LINE.exec(stripFlagComma(content))
    if (!parts) {
      open = undefined
      problem(`'${excerpt(content)}' is no setting, which looks like 'option = value'`)
      continue
    }
    open = { key: optionKey(parts[1]!), values: [], line, indent }
    const value = readValue(parts[3]!)
    if (typeof value !== 'string') problem(value.problem)
    else if (value !== '' || /[=:]/.test(parts[2]!)) open.values.push(value)
    entries.push(open)
  }

  const other = new Map(
    [...sections].filter(([section]) => section !== OWN_SECTION).map(([s, e]) => [s, e.map(finish)]),
  )
  return { name, entries: sections.get(OWN_SECTION)!.map(finish), sections: other, problems }
}

/**
 * Writes entries so that {@link readVolttronFile} reads the same ones back. Names, numbers and addresses stand without
 * quotes, which Python would take for a part of the value.
 */
export function formatVolttronFile(entries: readonly Pick<FileEntry, 'key' | 'values'>[]): string {
  const lines = entries.map(({ key, values }) => {
    if (values.length === 0) return key
    if (values.length === 1) return `${key} = ${quoted(values[0]!)}`
    return [`${key} =`, ...values.map((value) => `    ${quoted(value)}`)].join('\n')
  })
  return `[${OWN_SECTION}]\n${lines.map((line) => `${line}\n`).join('')}`
}

const quoted = (value: string): string =>
  /^(?:[A-Za-z0-9_./:@+*-]|\[[A-Fa-f0-9:.]+\])+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`

/** `key =` with its values in the lines below has an empty first line that is no value. */
function finish({ key, values, line }: OpenEntry): FileEntry {
  return { key, line, values: values.length > 1 && values[0] === '' ? values.slice(1) : values }
}

/** `dial-only,` is a flag as well. */
const stripFlagComma = (content: string): string => content.replace(/^([A-Za-z0-9_.-]+)\s*,\s*$/, '$1')

/** Enough of a line to find it, fit for a terminal. */
function excerpt(text: string): string {
  const printable = text.replace(/\p{C}/gu, '?')
  return printable.length > 40 ? `${printable.slice(0, 40)}...` : printable
}

/** One line of a value: unquoted, without comment and trailing comma. */
function readValue(text: string): string | { readonly problem: string } {
  let value = ''
  let protectedLength = 0 // what was quoted is not trimmed
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    const atWordStart = at === 0 || /\s/.test(text[at - 1]!)
    if (char === '#' && atWordStart) break
    if ((char === '"' || char === "'") && atWordStart) {
      const end = closingQuote(text, at)
      if (end < 0) return { problem: `the quote ${char} is not closed` }
      const inner = text.slice(at + 1, end)
      value += char === '"' ? inner.replace(/\\([\\"])/g, '$1') : inner
      protectedLength = value.length
      at = end + 1
      continue
    }
    value += char
    at++
  }
  const tail = value.slice(protectedLength).trimEnd().replace(/,$/, '').trimEnd()
  return value.slice(0, protectedLength) + tail
}

function closingQuote(text: string, from: number): number {
  const quote = text[from]
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++
    else if (text[at] === quote) return at
  }
  return -1
}
