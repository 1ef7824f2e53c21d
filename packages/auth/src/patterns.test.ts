import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { namePattern, topicPattern, valuePattern } from './patterns.ts'

describe('patterns of authz.json', () => {
  it.each([
    ['devices', 'devices/a', true],
    ['devices', 'device', false],
    ['a.b', 'aXb', false],
    ['/secret.*/', 'secrets/1', true],
    ['/secret.*/', 'my/secret', false],
    ['/campus\\/[0-9]+/', 'campus/12/x', true],
    ['/campus\\/[0-9]+$/', 'campus/12/x', false],
    ['devices/*', 'devices', true],
    ['/a|b/', 'b/c', true],
  ])('%s on topic %s: %s', (pattern, topic, expected) => {
    expect(topicPattern(pattern, false)(topic)).toBe(expected)
  })

  it('matches whole names, and values from their start', () => {
    expect(namePattern('/peer\\..*/')('peer.method')).toBe(true)
    expect(namePattern('/peer/')('peer.method')).toBe(false)
    expect(namePattern('peer.method')('peer.method')).toBe(true)
    expect(valuePattern('/ab/')('abc')).toBe(true)
    expect(valuePattern('ab')('abc')).toBe(false)
  })

  it.each([
    ['/(a/', 'Unterminated group'],
    ['/(a+)+$/', 'a repeated group must not hold a repetition or a choice'],
    ['/((a*)b)*/', 'a repeated group must not hold a repetition or a choice'],
    ['/(a|a)*/', 'a repeated group must not hold a repetition or a choice'],
    ['/.*a.*b.*c.*/', 'it has more than 3 repetitions'],
    ['/(.)\\1/', 'back references are not supported'],
    ['/(?P<x>a)/', 'it uses signs only Python knows'],
    ['/a\\Z/', 'it uses signs only Python knows'],
    [`/${'a'.repeat(300)}/`, 'it has more than 256 characters'],
  ])('refuses %s', (pattern, why) => {
    for (const make of [() => topicPattern(pattern, false), () => namePattern(pattern), () => valuePattern(pattern)]) {
      expect(make).toThrow(why)
    }
  })

  it('protects a topic that is too long to be matched, and grants nothing on it', () => {
    const long = 'x'.repeat(2000)
    expect(topicPattern('/secret/', true)(long)).toBe(true)
    expect(topicPattern('/secret/', false)(long)).toBe(false)
    expect(namePattern('/x*/')(long)).toBe(false)
  })

  it('lets no separator of lines lead past a rule that protects, nor widen one that grants', () => {
    for (const separator of ['\n', '\r', '\u2028', '\u2029']) {
      const topic = `site/${separator}/secret`
      expect(topicPattern('/site\\/.*secret$/', true)(topic)).toBe(true)
      expect(topicPattern('/site\\/.*secret$/', false)(topic)).toBe(false)
      expect(namePattern('/peer.*method/')(`peer${separator}method`)).toBe(false)
    }
  })

  it('mean what the plain reading of VOLTTRON says: text from the start, expressions from the start or of the whole', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 6 })
    const piece = fc.constantFrom('a', 'b', '/', '.', '[ab]', 'a?', '\\.', '(?:ab)', '^', '$')
    const expression = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(expression, text, text, (source, plain, given) => {
        expect(topicPattern(`/${source}/`, true)(given)).toBe(new RegExp(source, 'y').test(given))
        expect(valuePattern(`/${source}/`)(given)).toBe(new RegExp(source, 'y').test(given))
        const longest = new RegExp(`(?:${source})(?![^])`, 'y')
        expect(namePattern(`/${source}/`)(given)).toBe(longest.test(given))
        const isExpression = plain.length >= 2 && plain.startsWith('/') && plain.endsWith('/')
        if (isExpression) return
        expect(topicPattern(plain, true)(given)).toBe(given.slice(0, plain.length) === plain)
        expect(namePattern(plain)(given)).toBe(given === plain)
      }),
      { numRuns: 2_000 },
    )
  })
})
