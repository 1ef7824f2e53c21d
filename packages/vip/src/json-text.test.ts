import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseJson, toAsciiJson } from './json-text.ts'

describe('toAsciiJson', () => {
  it('escapes everything outside printable ASCII, astral characters as two escapes', () => {
    expect(toAsciiJson({ a: 'é€', b: '\u{1f600}\u007f\n' })).toBe(
      '{"a":"\\u00e9\\u20ac","b":"\\ud83d\\ude00\\u007f\\n"}',
    )
  })

  it('writes what Python cannot misread in place of undefined and non-finite numbers', () => {
    expect(toAsciiJson(undefined)).toBe('null')
    expect(toAsciiJson([Number.NaN, Number.POSITIVE_INFINITY])).toBe('[null,null]')
  })

  it('refuses what JSON cannot hold with one line', () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    expect(() => toAsciiJson(circular)).toThrow(/^the value cannot be written as JSON: .+$/)
    expect(() => toAsciiJson(1n)).toThrow(expect.objectContaining({ code: 'bad-data' }))
  })

  it('writes ASCII that reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = toAsciiJson(value)
        expect(text).toMatch(/^[ -~]*$/)
        expect(parseJson(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('parseJson', () => {
  it('reads the bare words of Python, and leaves strings that spell them alone', () => {
    expect(parseJson('[NaN, Infinity, -Infinity, "NaN", "\\"Infinity", {"NaN": NaN}]')).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      'NaN',
      '"Infinity',
      { NaN: Number.NaN },
    ])
    expect(parseJson('NaN')).toBeNaN()
  })

  it('takes no number beside a NaN for one', () => {
    expect(parseJson('[NaN, -0, -0.0, -1e-999, 0, -1.5e3]')).toEqual([Number.NaN, 0, 0, 0, 0, -1500])
  })

  it('keeps a key named __proto__ a plain key', () => {
    const value = parseJson('{"__proto__": {"admin": true}, "n": NaN}') as Record<string, unknown>
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(value.admin).toBeUndefined()
  })

  it('loses precision of integers beyond 2^53 but reads them', () => {
    expect(parseJson('123456789012345678901234567890')).toBeCloseTo(1.2345678901234568e29, -15)
  })

  it.each(['', '{', 'NaNs', '[NaN', '-NaN', 'Infinity1', '1Infinity', 'nan', '"NaN', '"\\', 'tru NaN'])(
    'says that %j is no JSON',
    (text) => {
      expect(parseJson(text)).toBeUndefined()
    },
  )

  it('never throws, whatever the text and however deep', () => {
    const piece = fc.constantFrom('NaN', 'Infinity', '-', '"', '\\', '[', ']', '{', '}', ':', ',', '0', 'e', ' ', 'é')
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => void parseJson(text),
      ),
    )
    expect(() => parseJson(`${'['.repeat(200_000)}NaN${']'.repeat(200_000)}`)).not.toThrow()
  })
})
