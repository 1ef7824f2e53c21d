import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { BatchFormatError, PublishFlag } from './batch-format.ts'
import { buildTail, maxTailBytes, TailView, tailFlags, writeTail } from './tail.ts'

const view = (flags: number, bytes: Uint8Array): TailView => {
  const tail = new TailView()
  tail.show({ flags, bytes })
  return tail
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  // Lengths around the widths of their own spelling.
  fc.constantFrom(127, 128, 129, 16_383, 16_384, 16_385).map((length) => 'h'.repeat(length)),
  // The same where a character is more than one byte.
  fc.constantFrom(42, 43, 63, 64, 127, 5_461, 5_462, 16_383).map((length) => '日'.repeat(length)),
)
const body = fc.oneof(text, fc.uint8Array({ maxLength: 200 }))

describe('a tail', () => {
  it('gives back what it was built of', () => {
    fc.assert(
      fc.property(body, text, text, (content, headers, bus) => {
        const tail = buildTail(content, headers, bus)
        const seen = view(tail.flags, tail.bytes)
        expect(seen.headersText()).toBe(headers)
        expect(seen.busText()).toBe(bus)
        if (typeof content === 'string') expect(seen.bodyText()).toBe(content)
        else expect(new Uint8Array(seen.bodyBytes())).toEqual(content)
        expect(Boolean(tail.flags & PublishFlag.json)).toBe(typeof content === 'string')
        expect(Boolean(tail.flags & PublishFlag.headers)).toBe(headers !== '')
        expect(Boolean(tail.flags & PublishFlag.bus)).toBe(bus !== '')
      }),
    )
  })

  it('is the same when written into bytes that have room for it', () => {
    fc.assert(
      fc.property(body, text, text, (content, headers, bus) => {
        const target = Buffer.alloc(maxTailBytes(content, headers, bus), 0xff)
        const length = writeTail(target, content, headers, bus)
        const tail = buildTail(content, headers, bus)
        expect(length).toBeLessThanOrEqual(target.length)
        expect(target.subarray(0, length).equals(tail.bytes)).toBe(true)
        expect(tailFlags(content, headers, bus)).toBe(tail.flags)
      }),
    )
  })

  it('is the same at any place of a larger buffer', () => {
    fc.assert(
      fc.property(body, text, text, fc.uint8Array(), fc.uint8Array(), (content, headers, bus, before, after) => {
        const tail = buildTail(content, headers, bus)
        const seen = new TailView()
        seen.flags = tail.flags
        seen.buffer = Buffer.concat([before, tail.bytes, after])
        seen.tailStart = before.length
        seen.tailEnd = before.length + tail.bytes.length
        const alone = view(tail.flags, tail.bytes)
        expect(seen.headersText()).toBe(alone.headersText())
        expect(seen.busText()).toBe(alone.busText())
        expect(seen.bodyBytes().equals(alone.bodyBytes())).toBe(true)
      }),
    )
  })

  it.each([
    ['nothing where a length is due', PublishFlag.headers, []],
    ['a length cut in its middle', PublishFlag.headers, [0x80]],
    ['a length that never ends', PublishFlag.headers, [0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a length spelt wider than need be', PublishFlag.headers, [0x81, 0x00, 0x61]],
    ['a bus that hides the length of the headers', PublishFlag.bus | PublishFlag.headers, [0x05, 0x61]],
  ])('is refused with %s', (_what, flags, bytes) => {
    const tail = view(flags, Uint8Array.from(bytes))
    expect(() => tail.bodyStart()).toThrow(BatchFormatError)
    expect(() => tail.headersText()).toThrow(BatchFormatError)
  })

  it('breaks with a format error and nothing else, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 12 }), (flags, bytes) => {
        const tail = view(flags, bytes)
        for (const read of [
          () => tail.bodyStart(),
          () => tail.headersText(),
          () => tail.busText(),
          () => tail.bodyText(),
          () => tail.bodyBytes(),
        ]) {
          try {
            read()
          } catch (error) {
            expect(error).toBeInstanceOf(BatchFormatError)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
