import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { classicBodyOfRecord, classicBodyStart, withMember } from './classic-body.ts'
import { jsonMembers } from './json-members.ts'
import { buildTail, TailView } from './tail.ts'

const record = (body: string | Uint8Array, headers = '', bus = ''): TailView => {
  const view = new TailView()
  view.show(buildTail(body, headers, bus))
  return view
}
const envelope = (view: TailView, platform = ''): string | undefined => {
  const bytes = classicBodyOfRecord(classicBodyStart('agent'), view, platform)
  return bytes && Buffer.from(bytes).toString('latin1')
}

describe('the envelope of a publish', () => {
  it('holds what the router vouches for, and the texts of the author as they are', () => {
    expect(envelope(record('[1,  2]', '{"a":1}'))).toBe(
      '{"sender": "agent", "bus": "", "headers": {"a":1}, "message": [1,  2]}',
    )
    expect(envelope(record('"Grüße"', '', 'other'), 'site-b')).toBe(
      '{"sender": "agent", "bus": "other", "headers": {"platform": "site-b"}, "message": "Gr\\u00fc\\u00dfe"}',
    )
  })

  it('carries bytes as base64 text with a header that says so', () => {
    expect(envelope(record(Uint8Array.of(0, 255), '{"a": 1}'))).toBe(
      '{"sender": "agent", "bus": "", "headers": {"a": 1, "x-encoding": "base64"}, "message": "AP8="}',
    )
  })

  it.each([
    ['1, "sender": "platform.control"', ''],
    ['1} {', ''],
    ['', ''],
    ['1', '{}, "sender": "x"'],
    ['1', '[]'],
    [`${'['.repeat(600)}${']'.repeat(600)}`, ''],
    ['9'.repeat(4_301), ''],
  ])('is refused to texts that would break out of it, or break its Python reader', (body, headers) => {
    expect(envelope(record(body, headers))).toBeUndefined()
  })

  it('is one ASCII JSON object with the body in it, whatever the author sends', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (body, headers, bus) => {
        const text = envelope(record(JSON.stringify(body), JSON.stringify(headers), bus), 'site-b')!
        expect(/^[\x20-\x7e]*$/.test(text)).toBe(true)
        expect([...jsonMembers(text)!.keys()]).toEqual(['sender', 'bus', 'headers', 'message'])
        const read = JSON.parse(text)
        expect(read).toMatchObject({ sender: 'agent', bus, headers: { platform: 'site-b' } })
        expect(JSON.stringify(read.message)).toBe(JSON.stringify(body))
      }),
    )
  })
})

describe('a JSON object', () => {
  it('gets a member as its last one', () => {
    expect(['{}', ' { } ', '{"a": 1}'].map((text) => withMember(text, 'b', 'ü'))).toEqual([
      '{"b": "\\u00fc"}',
      ' { "b": "\\u00fc"}',
      '{"a": 1, "b": "\\u00fc"}',
    ])
  })
})
