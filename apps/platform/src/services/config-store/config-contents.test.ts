import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { configContents } from './config-contents.ts'

describe('the contents of a configuration', () => {
  it('are the text itself when it is raw', () => {
    expect(configContents('raw', ' as // it is\n').value).toBe(' as // it is\n')
  })

  it('are JSON without its comments', () => {
    const text = '{ # one\n "a": 1, // two\n /* three\n "b": 2 */ "url": "http://x/#top", "c": "/* no */ \\" // no" }'
    expect(configContents('json', text).value).toEqual({ a: 1, url: 'http://x/#top', c: '/* no */ " // no' })
    expect(configContents('json', '[1, 2]').value).toEqual([1, 2])
    expect(configContents('json', '{"x": NaN}').value).toEqual({ x: Number.NaN })
  })

  it.each([
    ['a string', `["${'\\"'.repeat(3_000_000)}`],
    ['a comment', `[${'/* '.repeat(3_000_000)}`],
    ['a string that ends in the middle of an escape', `["${'\\"'.repeat(3_000_000)}\\`],
  ])('are read in one pass, and refused, when %s is never closed', (_what, text) => {
    expect(() => configContents('json', text)).toThrow('the configuration is no JSON')
  })

  it('are rows of a table when they are csv', () => {
    expect(configContents('csv', 'Point,Units\r\n"a, ""b""",kW\r\n\r\nc\nd,e,f,g\n').value).toEqual([
      { Point: 'a, "b"', Units: 'kW' },
      { Point: 'c', Units: null },
      { Point: 'd', Units: 'e', null: ['f', 'g'] },
    ])
    expect(configContents('csv', '').value).toEqual([])
    expect(configContents('csv', 'a,b\n1,\n"x\ny",z').value).toEqual([
      { a: '1', b: '' },
      { a: 'x\ny', b: 'z' },
    ])
  })

  it.each([
    ['json', '{"a": }', 'the configuration is no JSON: '],
    ['json', '"text"', 'Configuration must be a list or object.'],
    [
      'json',
      `{"a": ${'['.repeat(600)}${']'.repeat(600)}}`,
      'is nested too deeply, or has a number with too many digits',
    ],
    ['json', `{"a": ${'1'.repeat(5_000)}}`, 'is nested too deeply, or has a number with too many digits'],
    ['json', '/* open {"a": 1}', 'the configuration is no JSON: '],
    ['yaml', 'a: 1', 'Unsupported configuration type.'],
    [null, 'a', 'Unsupported configuration type.'],
    ['raw', { a: 1 }, 'the contents of a configuration are text'],
  ])('are refused as a ValueError: %j %j', (type, text, message) => {
    const error = expect.objectContaining({ name: 'builtins.ValueError', message: expect.stringContaining(message) })
    expect(() => configContents(type, text)).toThrow(error as never)
  })

  it('are no table that a short text blows up beyond all memory', () => {
    const text = `${'name,'.repeat(10_000)}name\n${'x\n'.repeat(10_000)}`
    expect(() => configContents('csv', text)).toThrow('the table has more than 2000000 cells')
    expect(() => configContents('csv', `a\n${'\n'.repeat(2_000_001)}`)).toThrow('cells')
    expect(configContents('csv', `a,b\n${'x\n'.repeat(100_000)}`).value).toHaveLength(100_000)
  })

  it('come back from a table as they went into it', () => {
    const field = fc.string()
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        const text = ['a,b', ...rows.map((row) => row.map(quote).join(','))].join('\r\n')
        expect(configContents('csv', text).value).toEqual(rows.map(([a, b]) => ({ a, b })))
      }),
    )
  })

  it('survive any text and are never undefined', () => {
    fc.assert(
      fc.property(fc.constantFrom('raw', 'csv'), fc.string({ unit: 'binary' }), (type, text) => {
        expect(configContents(type, text)).toBeDefined()
      }),
    )
  })
})
