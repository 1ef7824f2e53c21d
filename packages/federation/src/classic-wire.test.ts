import { describe, expect, it } from '@jest/globals'
import { NameTable } from '@volttron/transport'
import { buildTail, formatRoute, frameText } from '@volttron/vip'
import fc from 'fast-check'
import { ClassicForm } from './classic-form.ts'
import { externalList, linkGreeting, listAnswer, opensLink, parseClassic } from './classic-wire.ts'

const names = new NameTable((name) => name)
const route = names.intern(formatRoute({ platform: 'here', epoch: 1, sender: 'agent.1', path: [] }))

const say = (form: ClassicForm, topic: string, body: string | Uint8Array, headers = '', bus = '', sequence = 1) => {
  const { flags, bytes } = buildTail(body, headers, bus)
  return form.frames(names.intern(topic), route, flags, sequence, bytes, 0, bytes.length)
}

describe('the words of VIP1 between platforms', () => {
  it('are those of the specification, section 8.3', () => {
    const text = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString('latin1'))
    expect(text(linkGreeting('hello', 'here'))).toEqual([
      '',
      'VIP1',
      '',
      'federation',
      'routing_table',
      'hello',
      'hello',
      'here',
    ])
    expect(text(externalList('here', ['a/', 'ü']))).toEqual([
      '',
      'VIP1',
      '',
      'federation',
      'pubsub',
      'external_list',
      '{"here":["a/","\\u00fc"]}',
    ])
    expect(text(listAnswer('instance.here.0.5', Buffer.from('7'), true))).toEqual([
      '',
      'VIP1',
      'instance.here.0.5',
      '7',
      'pubsub',
      'request_response',
      'true',
    ])
    expect(text(say(new ClassicForm(), 'ü/1', '[1]', '{"a":1}', 'b', 9)!)).toEqual([
      '',
      'VIP1',
      'agent.1',
      'p9',
      'pubsub',
      'external_publish',
      'ü/1',
      '{"sender": "agent.1", "bus": "b", "headers": {"a":1}, "message": [1]}',
    ])
  })

  it('are read as they were written, whatever topic, headers and body', () => {
    const form = new ClassicForm()
    let sequence = 0
    fc.assert(
      fc.property(
        fc.string({ maxLength: 50 }).map((topic) => `t/${topic}`),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.string(),
        (topic, headers, body, bus) => {
          const frames = say(form, topic, JSON.stringify(body), JSON.stringify(headers), bus, ++sequence)!
          expect(opensLink(frames)).toBe(true)
          const read = parseClassic(frames, 'here')
          expect(read).toMatchObject({ op: 'publish', topic, sender: 'agent.1', bus })
          if (read?.op !== 'publish') return
          expect(JSON.stringify(JSON.parse(read.message))).toBe(JSON.stringify(body))
          expect(JSON.parse(read.headers)).toEqual(JSON.parse(JSON.stringify(headers)))
        },
      ),
    )
  })

  it('are made once for a record that goes to several platforms', () => {
    const form = new ClassicForm()
    const first = say(form, 't', '1')
    expect(say(form, 't', '1')).toBe(first)
    expect(say(form, 't', '2', '', '', 2)).not.toBe(first)
  })

  it('name each wanted prefix once, and not more than a platform may want', () => {
    const prefixesOf = (list: unknown[]) => {
      const read = parseClassic(externalList('there', list as string[]), 'there')
      return read?.op === 'list' ? read.prefixes : 'no list'
    }
    expect(prefixesOf(['a', 'b', 'a', 1, null, 'x'.repeat(2_000)])).toEqual(['a', 'b'])
    const numbered = (count: number) => Array.from({ length: count }, (_, at) => `${at}`)
    expect(prefixesOf(numbered(100_000))).toHaveLength(100_000)
    expect(prefixesOf(numbered(100_001))).toBeUndefined()
    expect(prefixesOf(new Array(2_000_000).fill('a'))).toBeUndefined()
  })

  it('are read without an exception, whatever comes', () => {
    const words = fc.constantFrom(
      '',
      'VIP1',
      'routing_table',
      'pubsub',
      'hello',
      'welcome',
      'external_list',
      'external_publish',
      '{"here": ["a", 1]}',
      '{"here": {}}',
      '{"sender": "a", "bus": 1, "headers": {}, "message": 1}',
      '{"sender": NaN, "headers": {}, "message": 1}',
      '[[[',
    )
    const frame = fc.oneof(
      words.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    )
    const message = fc.oneof(
      fc.array(frame, { maxLength: 12 }),
      fc
        .tuple(fc.constantFrom('routing_table', 'pubsub'), fc.array(frame, { maxLength: 6 }))
        .map(([subsystem, args]) => [...['', 'VIP1', '', 'i', subsystem].map((text) => Buffer.from(text)), ...args]),
    )
    fc.assert(
      fc.property(message, (frames) => {
        const read = parseClassic(frames, 'here')
        if (read?.op === 'list') expect(read.prefixes ?? []).toEqual((read.prefixes ?? []).map(String))
        if (read) expect(opensLink(frames)).toBe(true)
        if (read) expect(frameText(frames[0]!)).toBe('')
      }),
      { numRuns: 2_000 },
    )
  })
})
