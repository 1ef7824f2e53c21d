import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isOneJsonObject, isOneJsonValue, jsonMembers } from './json-members.ts'

describe('looking into JSON text', () => {
  it('accepts whatever JSON.stringify writes, blanks around it included', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t '), (value, blank) => {
        expect(isOneJsonValue(blank + JSON.stringify(value) + blank)).toBe(true)
        expect(isOneJsonValue(JSON.stringify(value, null, 2))).toBe(true)
      }),
    )
  })

  it('agrees with JSON.parse on any text', () => {
    const soup = fc.string({
      unit: fc.constantFrom(...'{}[]":,\\ue1-.0 tfn'.split(''), 'true', 'null', '"a"'),
      maxLength: 20,
    })
    fc.assert(
      fc.property(soup, (text) => {
        let parses = true
        try {
          JSON.parse(text)
        } catch {
          parses = false
        }
        expect(isOneJsonValue(text)).toBe(parses)
      }),
      { numRuns: 5_000 },
    )
  })

  it('tells an object from other values, and from what is more than one', () => {
    for (const text of ['{}', ' \n{"a": [1]} ']) expect(isOneJsonObject(text)).toBe(true)
    for (const text of ['[]', '1', '"{}"', '', ' ', '{}{}', '{}, "a": 1', '{"a": 1']) {
      expect(isOneJsonObject(text)).toBe(false)
    }
  })

  it('agrees with JSON.parse on what is a number', () => {
    const pieces = fc.array(fc.constantFrom('0', '1', '29', '-', '.', 'e', 'E', '+', ' '), { maxLength: 8 })
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('')
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(isOneJsonValue(text)).toBe(isJson)
      }),
      { numRuns: 2_000 },
    )
  })

  it("accepts Python's words for numbers that JSON has not", () => {
    expect(['NaN', '-Infinity', '[Infinity, {"a": NaN}]'].every(isOneJsonValue)).toBe(true)
  })

  it('refuses text that would forge a field when spliced', () => {
    expect(isOneJsonValue('1,"sender":"platform.control"')).toBe(false)
    expect(isOneJsonValue('1}')).toBe(false)
    expect(isOneJsonValue('')).toBe(false)
  })

  it('refuses nesting that would exhaust the stack', () => {
    expect(isOneJsonValue('['.repeat(100_000) + ']'.repeat(100_000))).toBe(false)
  })

  it('cuts an object into the very texts its values were written with', () => {
    const members = jsonMembers(
      '{"bus": "", "headers": {"a": [1 , 2]}, "message": 12345678901234567890.10, "bus": "x"}',
    )
    expect(Object.fromEntries(members!)).toEqual({
      bus: '"x"',
      headers: '{"a": [1 , 2]}',
      message: '12345678901234567890.10',
    })
  })

  it('agrees with JSON.parse on the members of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const members = jsonMembers(JSON.stringify(value))!
        const parsed = new Map([...members].map(([name, text]) => [name, JSON.parse(text)]))
        expect(parsed).toEqual(new Map(Object.entries(JSON.parse(JSON.stringify(value)))))
      }),
    )
  })

  it('reads the longest strings that a message can hold', () => {
    const plain = `"${'x'.repeat(16_000_000)}"`
    const escaped = `"${'\\u00e4'.repeat(2_500_000)}"`
    for (const text of [plain, escaped]) {
      expect(isOneJsonValue(text)).toBe(true)
      expect(isOneJsonValue(text.slice(0, -1))).toBe(false)
      expect(jsonMembers(`{"m": ${text}}`)?.get('m')?.length).toBe(text.length)
    }
  })

  it('agrees with JSON.parse on what is a string', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'a',
        'ä',
        '"',
        '\\',
        '\\"',
        '\\n',
        '\\x',
        '\\u',
        '\\u00e4',
        '\\ud800',
        '\n',
        '\u0000',
        '\u007f',
        '/',
      ),
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = `"${parts.join('')}"`
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(isOneJsonValue(text)).toBe(isJson)
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives nothing for what is no object', () => {
    for (const text of ['[]', '1', '{', '{}}', '{"a"}', '{"a":1,}', '{a:1}', 'null', ''])
      expect(jsonMembers(text)).toBeUndefined()
  })
})
