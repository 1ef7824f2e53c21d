/** Rows under headings: with rules on a terminal, plain columns parted by blanks everywhere else (for grep and awk). */
import Table from 'cli-table3'
import type { Paint } from './paint.ts'
import { printable } from './printable.ts'

export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => unknown
  /** Colours the finished cell. */
  readonly paint?: (text: string, row: Row) => string
  readonly right?: boolean
}

export interface TableOptions {
  /** Rules and colours: standard output is a terminal. */
  readonly terminal: boolean
  readonly paint: Paint
  /** Printed instead of a table without rows. */
  readonly empty: string
}

/** The table as text without a final line break. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions): string {
  if (rows.length === 0) return options.empty
  const table = new Table({
    head: columns.map((column) => options.paint.bold(column.heading)),
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
    style: { head: [], border: options.terminal ? ['dim'] : [], ...(options.terminal ? {} : NO_PADDING) },
    chars: options.terminal ? { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } : PLAIN,
  })
  for (const row of rows) {
    table.push(
      columns.map((column) => {
        const text = printable(column.cell(row))
        return column.paint ? column.paint(text, row) : text
      }),
    )
  }
  return table.toString().replace(/ +$/gm, '')
}

const NO_PADDING = { 'padding-left': 0, 'padding-right': 0 }
const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}
