import { describe, expect, it } from '@jest/globals'
import { vipMessage } from '@volttron/vip'
import fc from 'fast-check'
import {
  type ControlMessage,
  controlFrames,
  isControl,
  MAX_PREFIXES_PER_MESSAGE,
  parseControl,
} from './control-message.ts'

const wire = (message: ControlMessage): Buffer[] => controlFrames(message).map((frame) => Buffer.from(frame))
const raw = (...args: (string | Uint8Array)[]): Buffer[] =>
  vipMessage({ peer: '', id: 'x', subsystem: 'federation' }, args).map((frame) => Buffer.from(frame))

describe('a control message', () => {
  it.each<ControlMessage>([
    { op: 'open', instance: 'site-a', boot: 1, attempt: 2, epoch: 3, group: 'default' },
    { op: 'accept', boot: 1, attempt: 2, epoch: 3 },
    { op: 'refuse', reason: 'tie' },
    { op: 'bye', reason: 'stopping' },
    { op: 'resync' },
    { op: 'heartbeat', sequence: 4, digest: '0-0000000000000000' },
    { op: 'interest', sequence: 1, full: true, more: false, added: ['a', 'ü', '\ud800'], removed: [], digest: '3-00' },
    {
      op: 'rpc',
      id: Buffer.from([1, 0xff]),
      to: 'callee',
      from: 'caller',
      frames: [Buffer.from([0, 1]), Buffer.alloc(0)],
    },
    { op: 'answer', id: Buffer.from('r1'), to: 'caller', from: 'callee', frames: [] },
    { op: 'error', id: Buffer.from('7'), to: 'caller', peer: 'callee', errno: 113, text: 'No route to host' },
  ])('arrives as it was sent: $op', (message) => {
    expect(isControl(wire(message))).toBe(true)
    expect(parseControl(wire(message))).toEqual(message)
  })

  it.each([
    ['open', '{"instance":"../x","boot":1,"attempt":1,"epoch":1,"group":"default"}'],
    ['open', '{"instance":"a","boot":1.5,"attempt":1,"epoch":1,"group":"default"}'],
    ['open', '{"instance":"a","boot":-1,"attempt":1,"epoch":1,"group":"default"}'],
    ['accept', '[]'],
    ['accept', 'null'],
    ['interest', '{"sequence":1,"full":true,"more":false,"added":[1],"removed":[],"digest":""}'],
    ['interest', `{"sequence":1,"full":true,"more":false,"added":["${'x'.repeat(1_025)}"],"removed":[],"digest":""}`],
    ['heartbeat', '{}'],
    ['heartbeat', '{'],
    ['agentstop', '{}'],
    ['rpc', 'callee'],
    ['rpc', '../x', 'caller'],
    ['rpc', 'callee', '123'],
    ['answer', 'caller'],
    ['answer', 'caller', 'a b'],
    ['error', '{"to":"a","peer":"b","errno":"113","text":""}'],
  ])('is refused when malformed: %s %s', (...args) => {
    expect(parseControl(raw(...args))).toBeUndefined()
  })

  it('is refused when it holds more than it may', () => {
    const added = Array.from({ length: MAX_PREFIXES_PER_MESSAGE + 1 }, () => '')
    const message = { sequence: 1, full: true, more: false, added, removed: [], digest: '' }
    expect(parseControl(raw('interest', JSON.stringify(message)))).toBeUndefined()
    expect(parseControl(raw('refuse', `{"reason":"${'x'.repeat(1_100_000)}"}`))).toBeUndefined()
  })

  it('shows only words as reasons, so that no line is forged', () => {
    expect(parseControl(raw('bye', '{"reason":"all well\\nroot logged in"}'))).toEqual({ op: 'bye', reason: 'unknown' })
  })

  it('never throws, whatever arrives', () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.json().map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('open', 'interest', 'rpc', 'answer', 'error', 'bye', 'x'),
        fc.array(frame),
        (op, rest) => {
          parseControl(raw(op, ...rest))
        },
      ),
    )
    fc.assert(fc.property(fc.array(frame), (frames) => void isControl(frames.map((bytes) => Buffer.from(bytes)))))
  })
})
