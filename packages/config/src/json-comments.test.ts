import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { withoutComments } from './json-comments.ts'

describe('JSON with comments', () => {
  it('loses them, and nothing that stands in a string', () => {
    const text = '{ # one\n "a": 1, // two\n /* three\n "b": 2 */ "url": "http://x/#top", "c": "/* no */ \\" // no" }'
    expect(JSON.parse(withoutComments(text))).toEqual({ a: 1, url: 'http://x/#top', c: '/* no */ " // no' })
  })

  it.each([
    ['a string', `["${'\\"'.repeat(3_000_000)}`],
    ['a comment', `[${'/* '.repeat(3_000_000)}`],
    ['a string that ends in the middle of an escape', `["${'\\"'.repeat(3_000_000)}\\`],
  ])('is read in one pass when %s is never closed', (_what, text) => {
    expect(withoutComments(text)).toBe(text)
  })

  it('is the same with comments anywhere between its parts', () => {
    const comment = fc.oneof(
      fc.string().map((text) => `//${text.replaceAll('\n', '')}\n`),
      fc.string().map((text) => `#${text.replaceAll('\n', '')}\n`),
      fc.string().map((text) => `/*${text.replaceAll('*', '')}*/`),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue(), comment)), (members) => {
        const plain = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
        const commented = plain.map((text, at) => `${members[at]![2]}${text}${members[at]![2]}`)
        expect(JSON.parse(withoutComments(`{${commented.join(',')}}`))).toEqual(JSON.parse(`{${plain.join(',')}}`))
      }),
    )
  })
})
