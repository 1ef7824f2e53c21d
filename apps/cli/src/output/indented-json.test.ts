import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { indentedJson } from './indented-json.ts'

describe('JSON laid out for reading', () => {
  it('looks as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t', '\r\n '), (value, space) => {
        expect(indentedJson(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2))
      }),
    )
  })

  it('keeps every digit', () => {
    expect(indentedJson('{"id":18446744073709551615,"list":[1.10,-0,1E400]}')).toBe(
      '{\n  "id": 18446744073709551615,\n  "list": [\n    1.10,\n    -0,\n    1E400\n  ]\n}',
    )
  })

  it('takes texts of any length', () => {
    const text = JSON.stringify(['\\"'.repeat(1_000_000), 'x'.repeat(3_000_000)])
    expect(indentedJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2))
  })
})
