import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isEchoableInPython, isReadableInPython } from './python-hazards.ts'

const readable = (text: string): boolean => isReadableInPython(Buffer.from(text))
const echoable = (text: string): boolean => isEchoableInPython(Buffer.from(text, 'utf8'))

describe('what a Python agent survives to read', () => {
  it.each([
    ['', true],
    ['hello', true],
    ['-1', true],
    ['{"a": [1, 2, {"b": null}]}', true],
    ['['.repeat(512), true],
    ['['.repeat(513), false],
    [` \n${'{"a":'.repeat(600)}1${'}'.repeat(600)}`, false],
    [`{"text": "${'['.repeat(5_000)}"}`, true],
    [`{"text": "\\"${'['.repeat(5_000)}"}`, true],
    [`["${'\\\\'.repeat(400)}", ${'['.repeat(600)}`, false],
    [`["${'\\\\'.repeat(31)}\\"${'x'.repeat(99)}\\"", ${'['.repeat(600)}`, false],
    [`["${'x'.repeat(62)}\\"${'['.repeat(600)}"]`, true],
    [`["${'x'.repeat(63)}\\"${'['.repeat(600)}"]`, true],
    [`["${'x'.repeat(99)}\\"${'['.repeat(600)}"]`, true],
    [`["${'x'.repeat(99)}\\\\", ${'['.repeat(600)}`, false],
    [`[${'[],'.repeat(5_000)}1]`, true],
    ['1'.repeat(5_000), false],
    [`-${'1'.repeat(5_000)}`, false],
    [`{"n": ${'1'.repeat(5_000)}}`, false],
    [`{"n": "${'1'.repeat(5_000)}"}`, true],
    [`text ${'['.repeat(5_000)}`, true],
    ['"'.repeat(5_000), true],
    [`["${'x'.repeat(5_000)}`, true],
  ])('%#: %.30s', (text, expected) => {
    expect(readable(text)).toBe(expected)
  })

  it('is every value of ordinary depth, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(readable(`[${text},"${'x'.repeat(600)}"]`)).toBe(true)
      }),
    )
  })

  it('is told from the brackets outside of strings, whatever stands in them', () => {
    const text = fc
      .array(fc.constantFrom('\\', '"', '[', 'x'.repeat(30)), { maxLength: 40 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.boolean(), (texts, isDeep) => {
        const strings = texts.map((each) => JSON.stringify(each)).join()
        expect(readable(`[${strings},${'['.repeat(isDeep ? 600 : 500)}`)).toBe(!isDeep)
      }),
    )
  })

  it('is judged of any bytes without an error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.array(fc.constantFrom(91, 93, 123, 34, 92, 49), { maxLength: 3_000 }),
    )
    fc.assert(fc.property(bytes, (frame) => typeof isReadableInPython(Uint8Array.from(frame)) === 'boolean'))
  })
})

describe('what a Python agent can write back', () => {
  it.each([
    ['', true],
    ['are you alive', true],
    ['0', true],
    ['4294967295', true],
    ['1.5', true],
    ['-1.5', true],
    ['1e300', true],
    ['true', true],
    ['null', true],
    ['"ÿ"', true],
    ['€', true],
    ['"€"', false],
    ['"\\u20ac"', false],
    ['-1', false],
    ['4294967296', false],
    ['[]', false],
    ['{}', false],
    ['x'.repeat(5_000), false],
    ['['.repeat(2_000), false],
  ])('%.20s: %s', (text, expected) => {
    expect(echoable(text)).toBe(expected)
  })
})
