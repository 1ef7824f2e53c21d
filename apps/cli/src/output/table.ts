/**
 * Rows under headings: with rules on a terminal, plain columns parted by blanks everywhere else (for grep and awk). A table
 * that is wider than the terminal would be broken anywhere: it loses its rules, and if that is not enough, each row is a
 * paragraph.
 */
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import type { Terminal } from '../terminal.ts'
import { printable } from './printable.ts'

export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => unknown
  /** Colours the finished cell. */
  readonly paint?: (text: string, row: Row) => string
  readonly right?: boolean
  /** Names the row where it is a paragraph. Default: the first column does. */
  readonly isTitle?: true
}

export interface TableOptions {
  readonly terminal: Pick<Terminal, 'isTerminal' | 'paint' | 'width'>
  /** Printed instead of a table without rows. */
  readonly empty: string
}

/** The table as text without a final line break. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions): string {
  if (rows.length === 0) return options.empty
  const { isTerminal, paint, width = Number.POSITIVE_INFINITY } = options.terminal
  const cells = rows.map((row) => columns.map((column) => cellText(column, row)))
  for (const hasRules of isTerminal ? [true, false] : [false]) {
    const text = draw(columns, cells, paint, hasRules)
    if (widthOf(text) <= width) return text
  }
  return rows.map((row) => paragraph(row, columns, paint, width)).join('\n')
}

function draw(
  columns: readonly Column<never>[],
  cells: readonly string[][],
  paint: Terminal['paint'],
  hasRules: boolean,
): string {
  const isColoured = hasRules && paint.dim('-') !== '-'
  const table = new Table({
    head: columns.map((column) => paint.bold(column.heading)),
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
    style: { head: [], border: isColoured ? ['dim'] : [], ...(hasRules ? {} : NO_PADDING) },
    chars: hasRules ? { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } : PLAIN,
  })
  table.push(...cells)
  return table.toString().replace(/ +$/gm, '')
}

const widthOf = (text: string): number =>
  text.split('\n').reduce((widest, line) => Math.max(widest, stripVTControlCharacters(line).length), 0)

function cellText<Row>(column: Column<Row>, row: Row): string {
  const text = printable(column.cell(row))
  return column.paint ? column.paint(text, row) : text
}

const INDENT = '  '

/** The title, and below it what the other cells say, `heading: cell`, as many in a line as fit. */
function paragraph<Row>(row: Row, columns: readonly Column<Row>[], paint: Terminal['paint'], width: number): string {
  const title = columns.find(({ isTitle }) => isTitle) ?? columns[0]
  const lines: string[] = []
  let line = ''
  const add = (word: string, gap: string) => {
    const longer = line === '' ? INDENT + word : line + gap + word
    if (line === '' || stripVTControlCharacters(longer).length <= width) line = longer
    else {
      lines.push(line)
      line = INDENT + word
    }
  }
  for (const column of columns) {
    const plain = printable(column.cell(row))
    if (column === title || plain === '' || plain === '-') continue
    const label = paint.dim(`${column.heading.toLowerCase()}:`)
    const pair = `${label} ${cellText(column, row)}`
    if (INDENT.length + stripVTControlCharacters(pair).length <= width) add(pair, INDENT)
    else
      for (const [at, word] of plain.split(' ').entries())
        add(at === 0 ? `${label} ${word}` : word, at === 0 ? INDENT : ' ')
  }
  return [paint.bold(title === undefined ? '' : cellText(title, row)), ...lines, ...(line === '' ? [] : [line])].join(
    '\n',
  )
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
