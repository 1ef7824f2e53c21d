import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseJson } from './json-text.ts'
import { WrittenJson } from './written-json.ts'

describe('JSON whose text counts', () => {
  it('keeps what is lost on the way through a double', () => {
    const text = '{"b": 9007199254740993, "10": 1.10, "2": [-0, 1e400, 0.1234567890123456789, NaN]}'
    expect(WrittenJson.read(text)!.text).toBe(text)
  })

  it('is ASCII only, and means the same', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        const written = WrittenJson.read(text)!
        expect(written.text).not.toMatch(/[^\n -~]/)
        expect(written.toJSON()).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each(['', '1,"sender":"platform"', '{}}', '[1] [2]', '{"a": 1,}', '01', '[-NaN]', '// one\n{}', 'undefined'])(
    'is not made of what is no JSON value, or more than one: %j',
    (text) => expect(WrittenJson.read(text)).toBeUndefined(),
  )

  it.each([
    ['a row of digits', `[${'1'.repeat(4_301)}]`],
    ['a fraction', `[0.${'1'.repeat(4_301)}]`],
    ['nesting', `${'['.repeat(509)}${']'.repeat(509)}`],
  ])('is not made of what would end a Python agent: %s', (_what, text) => {
    expect(parseJson(text)).toBeDefined()
    expect(WrittenJson.read(text)).toBeUndefined()
  })

  it('is made of the deepest nesting that leaves room for what is around it', () => {
    const text = `${'['.repeat(508)}${']'.repeat(508)}`
    expect(WrittenJson.read(text)!.text).toBe(text)
  })

  it('stands in an object under any name, and in other JSON as its value', () => {
    const written = WrittenJson.object([
      ['__proto__', WrittenJson.read('12345678901234567890')!],
      ['"ü', WrittenJson.of('é')],
    ])
    expect(written.text).toBe('{"__proto__":12345678901234567890,"\\"\\u00fc":"\\u00e9"}')
    expect(JSON.stringify({ all: WrittenJson.read('[1.50]') })).toBe('{"all":[1.5]}')
    expect(() => WrittenJson.of(1n)).toThrow('cannot be written as JSON')
  })
})
