import { describe, expect, it } from '@jest/globals'
import { paintFor } from './paint.ts'
import { type Column, renderTable } from './table.ts'

type Row = readonly [name: string, state: string, reason: string | null]
const COLUMNS: Column<Row>[] = [
  { heading: 'PLATFORM', cell: ([name]) => name },
  { heading: 'STATUS', cell: ([, state]) => state },
  { heading: 'REASON', cell: ([, , reason]) => reason },
]
const ROWS: Row[] = [
  ['site-1', 'connected', null],
  ['site-2', 'down', 'cannot reach tcp://10.0.0.2:22916: connection refused (check the address)'],
]
const paint = paintFor(false, {})
const rendered = (width: number | undefined, isTerminal = width !== undefined): string =>
  renderTable(ROWS, COLUMNS, { terminal: { isTerminal, paint, width }, empty: 'none' })

describe('a table', () => {
  it('has rules on a terminal that is wide enough, or does not say how wide it is', () => {
    expect(rendered(120)).toMatch(/^┌/)
    expect(rendered(undefined, true)).toBe(rendered(120))
  })

  it('is plain columns of any width where nobody looks', () => {
    expect(rendered(undefined).split('\n')[0]).toBe('PLATFORM  STATUS     REASON')
  })

  it('loses its rules where it fits without them only', () => {
    expect(rendered(95)).toBe(rendered(undefined))
  })

  it('is named by the column that is meant for it', () => {
    const [name, ...others] = COLUMNS
    const columns: Column<Row>[] = [...others, { ...name!, isTitle: true }]
    const terminal = { isTerminal: true, paint, width: 19 }
    expect(renderTable(ROWS.slice(0, 1), columns, { terminal, empty: '' })).toBe('site-1\n  status: connected')
  })

  it.each([40, 60, 80])('is paragraphs on a terminal of %i columns that it does not fit', (width) => {
    const lines = rendered(width).split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width)
    expect(lines.filter((line) => !line.startsWith(' '))).toEqual(['site-1', 'site-2'])
    expect(lines.slice(1).join(' ').replace(/ +/g, ' ')).toBe(
      ' status: connected site-2 status: down reason: cannot reach tcp://10.0.0.2:22916: connection refused (check the address)',
    )
  })

  it('leaves a word that is longer than the line to the terminal', () => {
    expect(rendered(20)).toContain('  tcp://10.0.0.2:22916:\n')
  })
})
