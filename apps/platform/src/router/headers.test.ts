import { describe, expect, it } from '@jest/globals'
import { buildTail, TailView } from '@volttron/vip'
import fc from 'fast-check'
import { areSuspect, cleanHeaders, cleanObject } from './headers.ts'

const recordWith = (headers: string, bus = ''): TailView => {
  const record = new TailView()
  record.show(buildTail('"platform \\\\ "', headers, bus))
  return record
}

const name = fc.oneof(
  fc.constantFrom('platform', 'Platform', 'pLATFORM', 'platforms', 'plat', 'plant', 'ü', '\\', '"'),
  fc.string({ unit: 'binary', maxLength: 9 }),
)
const headers = fc.dictionary(name, fc.oneof(name, fc.jsonValue({ maxDepth: 1 }))).map((value) => JSON.stringify(value))

describe('headers', () => {
  it('that are not suspect hold nothing an agent must not set', () => {
    fc.assert(
      fc.property(headers, fc.constantFrom('', 'platform', '\\'), (text, bus) => {
        if (!areSuspect(recordWith(text, bus))) expect(cleanHeaders(text)).toBe(text)
        expect(cleanObject(text)).toBe(cleanHeaders(text))
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    '{"Date": "2026-01-01", "TimeStamp": "x"}',
    '{"plant": 1, "p": 2, "platfor": 3, "m": "plat"}',
    '{"ü": "plaťform"}',
    `{"${'x'.repeat(90)}": 1}`,
  ])('are not suspect for what body and bus say, nor for their length: %s', (text) => {
    expect(areSuspect(recordWith(text))).toBe(false)
    expect(areSuspect(recordWith(text, 'platform\\'))).toBe(false)
  })

  it.each(['{"platform": 1}', '{"PLATFORM": 1}', '{"pl\\u0061tform": 1}', '{"a": "platform"}', 'platform', '{\\'])(
    'are suspect with the name, however written: %s',
    (text) => {
      expect(areSuspect(recordWith(text))).toBe(true)
    },
  )
})
