import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { formatRoute, parseRoute, type Route } from './route.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const route: fc.Arbitrary<Route> = fc.record({
  platform: text,
  epoch: fc.maxSafeNat(),
  sender: text,
  path: fc.array(text, { maxLength: 64 }),
})

describe('a route', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(route, (value) => {
        expect(parseRoute(formatRoute(value))).toEqual(value)
      }),
    )
  })

  it('has one text for one meaning, so that it may serve as a key', () => {
    fc.assert(
      fc.property(route, route, (a, b) => {
        expect(formatRoute(a) === formatRoute(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
    )
  })

  it.each([
    '',
    'x',
    'null',
    '{}',
    '[]',
    '["a"]',
    '["a",1]',
    '["a",1,2]',
    '[1,1,"s"]',
    '["a","1","s"]',
    '["a",1.5,"s"]',
    '["a",1e400,"s"]',
    '["a",9007199254740993,"s"]',
    '["a",1,"s",null]',
    '["a",1,"s",["b"]]',
    JSON.stringify(['a', 1, 's', ...Array(65).fill('p')]),
    '{"0":"a","1":1,"2":"s","length":3}',
    '['.repeat(100_000),
  ])('is refused, not read wrongly: %.60s', (broken) => {
    expect(parseRoute(broken)).toBeUndefined()
  })

  it('is read or refused without an error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (any) => {
        const parsed = parseRoute(any)
        if (parsed) expect(parseRoute(formatRoute(parsed))).toEqual(parsed)
      }),
    )
  })
})
