/** Comma-separated values as Python's `csv.DictReader` reads them. */
import { configError } from './config-error.ts'

/** One object per row, by the names in the first row; `null` for a missing value, a list under `null` for those too many. */
export type CsvRow = Readonly<Record<string, string | null | readonly string[]>>

/** Each row has a member for every name, so a short text can stand for a table that no memory holds. */
const MAX_CELLS = 2_000_000

/** @throws VolttronError `bad-data` for more than two million cells */
export function csvRows(text: string): CsvRow[] {
  const [names = [], ...rows] = readRecords(text)
  return rows.filter((row) => row.length > 0).map((row) => toObject(names, row))
}

function toObject(names: readonly string[], row: readonly string[]): CsvRow {
  const members = names.map((name, at) => [name, row[at] ?? null] as [string, CsvRow[string]])
  // Python's key for them is None, which JSON writes as "null".
  if (row.length > names.length) members.push(['null', row.slice(names.length)])
  return Object.fromEntries(members)
}

/** Records of fields; an empty line is a record without fields. Quotes are doubled within quotes, and nothing is trimmed. */
function readRecords(text: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let at = 0
  while (at < text.length) {
    if (records.length * Math.max(1, records[0]?.length ?? 0) + record.length > MAX_CELLS) {
      throw configError('bad-data', `the table has more than ${MAX_CELLS} cells`)
    }
    if (record.length === 0 && isLineEnd(text[at]!)) {
      records.push([])
      at = afterLineEnd(text, at)
      continue
    }
    const field = readField(text, at)
    record.push(field.value)
    at = field.end
    if (text[at] === ',') {
      at++
      // Behind the last comma stands one more field, an empty one.
      if (at < text.length && !isLineEnd(text[at]!)) continue
      record.push('')
    }
    records.push(record)
    record = []
    if (at < text.length) at = afterLineEnd(text, at)
  }
  return records
}

function readField(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = ''
  let at = start
  if (text[at] === '"') {
    at++
    while (at < text.length) {
      const quote = text.indexOf('"', at)
      value += text.slice(at, quote < 0 ? text.length : quote)
      at = quote < 0 ? text.length : quote + 1
      if (quote < 0 || text[at] !== '"') break
      value += '"'
      at++
    }
  }
  // What follows a closing quote belongs to the field all the same.
  const end = endOfField(text, at)
  return { value: value + text.slice(at, end), end }
}

function endOfField(text: string, from: number): number {
  let at = from
  while (at < text.length && text[at] !== ',' && !isLineEnd(text[at]!)) at++
  return at
}

const isLineEnd = (char: string): boolean => char === '\n' || char === '\r'

const afterLineEnd = (text: string, at: number): number =>
  text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1
