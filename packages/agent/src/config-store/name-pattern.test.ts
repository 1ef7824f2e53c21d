import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { namePattern } from './name-pattern.ts'

// What Python's fnmatch.fnmatchcase says of the same pairs.
it.each([
  ['*', 'anything/at all', true],
  ['devices/*', 'devices/a/b', true],
  ['devices/*', 'device', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[abc].csv', 'b.csv', true],
  ['[abc].csv', 'bxcsv', false],
  ['[!abc]', 'd', true],
  ['[!abc]', 'a', false],
  ['[a-c]x', 'bx', true],
  ['[]]', ']', true],
  ['[!]]', ']', false],
  ['[!]', '[!]', true],
  ['a[', 'a[', true],
  ['[^a]', '^', true],
  ['[^a]', 'b', false],
  ['a.b+(c)|$', 'a.b+(c)|$', true],
  ['DEVICES/*', 'devices/a', true],
  ['**x', 'yyx', true],
  ['', '', true],
  ['', 'a', false],
])('the pattern %j on %j: %p', (pattern, name, fits) => {
  expect(namePattern(pattern)(name)).toBe(fits)
})

it('a name without special characters fits itself and nothing longer', () => {
  const name = fc.stringMatching(/^[a-z0-9/._ $^{}+()|\\-]*$/)
  fc.assert(
    fc.property(name, (text) => {
      const fits = namePattern(text)
      return fits(text) && !fits(`${text}x`) && !fits(`x${text}`)
    }),
  )
})
