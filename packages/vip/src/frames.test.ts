import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { FrameAt, frame, frameText, isVipMessage, topicFrame, vipMessage } from './frames.ts'

const bytesOf = (text: string) => Buffer.from(text, 'utf8')

describe('a VIP message', () => {
  it('has the frames in the order of the specification', () => {
    const frames = vipMessage({ peer: 'a', user: 'b', id: 'c', subsystem: 'RPC' }, ['d', Buffer.from([0, 255])])
    expect(frames.map((part) => Buffer.from(part).toString('latin1'))).toEqual([
      'a',
      'VIP1',
      'b',
      'c',
      'RPC',
      'd',
      '\u0000ÿ',
    ])
    expect(isVipMessage(frames)).toBe(true)
    expect(frameText(frames[FrameAt.subsystem]!)).toBe('RPC')
    expect(frames.length).toBe(FrameAt.args + 2)
  })

  it('has an empty user frame when none is given', () => {
    expect(vipMessage({ peer: '', id: '', subsystem: 'ping' }, [])[FrameAt.user]).toHaveLength(0)
  })

  it('is told from anything else', () => {
    const good = vipMessage({ peer: '', id: '', subsystem: '' }, [])
    expect(isVipMessage(good)).toBe(true)
    expect(isVipMessage(good.slice(0, 4))).toBe(false)
    for (const signature of ['', 'VIP2', 'vip1', 'VIP1 ', 'VIP']) {
      expect(isVipMessage(good.map((part, at) => (at === FrameAt.signature ? bytesOf(signature) : part)))).toBe(false)
    }
    expect(isVipMessage([])).toBe(false)
  })

  it('keeps the bytes it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (args) => {
        const frames = vipMessage({ peer: 'p', id: Uint8Array.of(0xff), subsystem: 's' }, args)
        for (const [at, arg] of args.entries()) expect(frames[FrameAt.args + at]).toBe(arg)
      }),
    )
  })
})

describe('the text of a frame', () => {
  it('is what was written in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(frameText(frame(text))).toBe(text)
      }),
    )
  })

  it('is Latin-1 when it cannot be UTF-8, as Python writes it', () => {
    expect(frameText(Buffer.from('Zähler', 'latin1'))).toBe('Zähler')
    expect(frameText(bytesOf('Zähler'))).toBe('Zähler')
  })

  it('never loses a byte: what is neither is read byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = frameText(bytes)
        expect([bytesOf(text), Buffer.from(text, 'latin1')]).toContainEqual(Buffer.from(bytes))
      }),
    )
  })

  it('keeps a byte order mark, so that two names are never one', () => {
    expect(frameText(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).toBe('\ufeffa')
  })

  it('reads a slice, not what lies around it', () => {
    expect(frameText(bytesOf('--ä--').subarray(2, 4))).toBe('ä')
  })
})

describe('the frame of a topic', () => {
  it('is Latin-1 where that can say it, and UTF-8 elsewhere', () => {
    expect([...topicFrame('ä/ÿ')]).toEqual([0xe4, 0x2f, 0xff])
    expect([...topicFrame('Ł')]).toEqual([0xc5, 0x81])
  })

  it('reads back as the topic, unless its Latin-1 bytes happen to be UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (topic) => {
        const back = frameText(topicFrame(topic))
        // Such a topic is what Python sees as these characters too: both readings have the same bytes.
        if (back !== topic) expect(Buffer.from(topicFrame(topic))).toEqual(bytesOf(back))
      }),
    )
  })
})
