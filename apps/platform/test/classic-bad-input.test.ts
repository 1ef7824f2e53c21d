/**
 * Bad input of classic peers (VIP specification, sections 2.2 and 4.6): each message is answered or ignored as it should be,
 * counted and told in the log, and no other agent is sent anything at which a Python agent ends.
 */
import { describe, expect, it } from '@jest/globals'
import { FrameAt, frameText, vipMessage } from '@volttron/vip'
import fc from 'fast-check'
import type { RouterCounters } from '../src/router/counters.ts'
import { busFixture } from './bus-fixture.ts'

type Part = string | Uint8Array
/** Everything behind the recipient's header that the sender hears of it. */
type Answer = readonly string[]

const vip = (subsystem: string, ...args: Part[]): Part[] => ['', 'VIP1', '', 'i', subsystem, ...args]
const to = (peer: string, subsystem: string, ...args: Part[]): Part[] => [peer, 'VIP1', '', 'i', subsystem, ...args]
const body = '{"bus": "", "headers": {}, "message": 1}'
const call = '{"jsonrpc": "2.0", "method": "m", "id": "1"}'
const deep = '['.repeat(2_000)
const [REFUSED, NOBODY]: Answer[] = [
  ['pubsub', 'request_response', 'false'],
  ['pubsub', 'request_response', '0'],
]
const unsupported = (recipient: string, subsystem: string): Answer => [
  'error',
  '93',
  'Protocol not supported',
  recipient,
  subsystem,
]

const table: [string, Part[], Answer | undefined, keyof RouterCounters][] = [
  ['no frame at all', [], undefined, 'malformed'],
  ['a ROUTER probe', [''], undefined, 'malformed'],
  ['too few frames', ['', 'VIP1', 'x'], undefined, 'malformed'],
  ['another signature', ['', 'VIP2', '', 'i', 'hello', 'hello'], undefined, 'malformed'],
  ['a signature that is no text', ['', Buffer.from([0xff, 0xfe]), '', 'i', 'hello'], undefined, 'malformed'],
  ['frames of single numbers', ['-1', '-1', '-1', '-1', '-1'], undefined, 'malformed'],
  ['no subsystem', vip(''), unsupported('', ''), 'unknownSubsystem'],
  ['a subsystem that is not there', vip('bogus', 'x'), unsupported('', 'bogus'), 'unknownSubsystem'],
  ['a subsystem that reads as JSON', vip('-1'), unsupported('', '-1'), 'unknownSubsystem'],
  [
    'a subsystem named like a member of every object',
    vip('__proto__'),
    unsupported('', '__proto__'),
    'unknownSubsystem',
  ],
  ['a call of the router', vip('RPC', call), unsupported('', 'RPC'), 'unknownSubsystem'],
  ['quit', vip('quit'), unsupported('', 'quit'), 'unknownSubsystem'],
  [
    'routing_table',
    vip('routing_table', 'normalmode_platform_connection', '{}'),
    unsupported('', 'routing_table'),
    'unknownSubsystem',
  ],
  ['agentstop of another', vip('agentstop', 'victim'), undefined, 'malformedRequest'],
  ['peerlist without operation', vip('peerlist'), ['peerlist', 'error', 'missing operation'], 'malformedRequest'],
  ['peerlist add', vip('peerlist', 'add', 'ghost', ''), ['peerlist', 'error', 'unknown operation'], 'malformedRequest'],
  ['pubsub without operation', vip('pubsub'), undefined, 'malformedRequest'],
  ['an operation that is not there', vip('pubsub', 'bogus_op', 'x'), undefined, 'malformedRequest'],
  ['an operation that is no text', vip('pubsub', Buffer.from([0xff]), 'x'), undefined, 'malformedRequest'],
  ['subscribe without arguments', vip('pubsub', 'subscribe'), undefined, 'malformedRequest'],
  ['subscribe with text', vip('pubsub', 'subscribe', 'notjson'), REFUSED, 'malformedRequest'],
  ['subscribe with a list', vip('pubsub', 'subscribe', '[]'), REFUSED, 'malformedRequest'],
  ['subscribe without prefix', vip('pubsub', 'subscribe', '{"bus": ""}'), REFUSED, 'malformedRequest'],
  ['subscribe with a null prefix', vip('pubsub', 'subscribe', '{"prefix": null}'), REFUSED, 'malformedRequest'],
  ['subscribe with numbers', vip('pubsub', 'subscribe', '{"prefix": ["a", 1]}'), REFUSED, 'malformedRequest'],
  ['subscribe with deep nesting', vip('pubsub', 'subscribe', `{"prefix": ${deep}`), REFUSED, 'malformedRequest'],
  ['unsubscribe with a list', vip('pubsub', 'unsubscribe', '[]'), REFUSED, 'malformedRequest'],
  [
    'synchronize with a number',
    vip('pubsub', 'synchronize', 'connected', '{"subscriptions": 1}'),
    undefined,
    'malformedRequest',
  ],
  ['synchronize without arguments', vip('pubsub', 'synchronize', 'connected'), undefined, 'malformedRequest'],
  ['publish without body', vip('pubsub', 'publish', 't'), undefined, 'malformedRequest'],
  ['publish of text', vip('pubsub', 'publish', 't', 'text'), NOBODY, 'malformedPublish'],
  ['publish without headers', vip('pubsub', 'publish', 't', '{"bus": "", "message": 1}'), NOBODY, 'malformedPublish'],
  [
    'publish with headers of another kind',
    vip('pubsub', 'publish', 't', '{"bus": "", "headers": 1, "message": 1}'),
    NOBODY,
    'malformedPublish',
  ],
  [
    'publish with deep nesting',
    vip('pubsub', 'publish', 't', `{"bus": "", "headers": {}, "message": ${deep}${']'.repeat(2_000)}}`),
    NOBODY,
    'malformedPublish',
  ],
  [
    'publish with a number Python cannot read',
    vip('pubsub', 'publish', 't', `{"bus": "", "headers": {}, "message": ${'9'.repeat(4_301)}}`),
    NOBODY,
    'malformedPublish',
  ],
  ['publish to a number', vip('pubsub', 'publish', '123', body), NOBODY, 'malformedPublish'],
  ['publish to -1', vip('pubsub', 'publish', '-1', body), NOBODY, 'malformedPublish'],
  ['publish to null', vip('pubsub', 'publish', 'null', body), NOBODY, 'malformedPublish'],
  ['publish to a quoted topic', vip('pubsub', 'publish', '"\u20ac"', body), NOBODY, 'malformedPublish'],
  ['publish to a huge topic', vip('pubsub', 'publish', 'x'.repeat(5_000), body), NOBODY, 'malformedPublish'],
  ['external_list', vip('pubsub', 'external_list', '{"here": [""]}'), REFUSED, 'malformedRequest'],
  [
    'external_publish',
    vip('pubsub', 'external_publish', 't', '{"sender": "forged", "bus": "", "headers": {}, "message": 1}'),
    undefined,
    'malformedRequest',
  ],
  ['pubsub to a peer', to('victim', 'pubsub', 'publish', 't', body), unsupported('victim', 'pubsub'), 'refusedForward'],
  ['hello to a peer', to('victim', 'hello', 'hello'), unsupported('victim', 'hello'), 'refusedForward'],
  [
    'an error to a peer',
    to('victim', 'error', '-32001', 'x', '', 'RPC'),
    unsupported('victim', 'error'),
    'refusedForward',
  ],
  ['an unknown subsystem to a peer', to('victim', 'bogus', 'x'), unsupported('victim', 'bogus'), 'refusedForward'],
  [
    'a call too deep',
    to('victim', 'RPC', `{"jsonrpc": "2.0", "method": "m", "params": ${deep}`),
    unsupported('victim', 'RPC'),
    'refusedForward',
  ],
  [
    'a ping that cannot be written back',
    to('victim', 'ping', 'ping', '-1'),
    unsupported('victim', 'ping'),
    'refusedForward',
  ],
  [
    'a pong under an id of another kind',
    ['victim', 'VIP1', '', '[]', 'ping', 'pong'],
    unsupported('victim', 'ping'),
    'refusedForward',
  ],
  [
    'external_rpc without arguments',
    vip('external_rpc'),
    ['error', '93', expect.any(String) as never, '', 'external_rpc'],
    'malformedRequest',
  ],
  [
    'external_rpc with an empty object',
    vip('external_rpc', 'send_platform', '{}'),
    ['error', '93', expect.any(String) as never, '', 'external_rpc'],
    'malformedRequest',
  ],
  [
    'a peer named by a number',
    to('123', 'RPC', call),
    ['error', '113', 'No route to host', '123', 'RPC'],
    'unreachable',
  ],
  ['a peer named -1', to('-1', 'RPC', call), ['error', '113', 'No route to host', '-1', 'RPC'], 'unreachable'],
]

describe('bad input of a classic peer', () => {
  it.each(table)('%s is answered or ignored, counted and told', (_what, frames, answer, counter) => {
    const fixture = busFixture()
    const [victim, peer] = [fixture.connect('victim'), fixture.connect('peer')]
    victim.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "", "bus": ""}')
    victim.heard()
    const before = fixture.bus.counters[counter]
    peer.say(...frames)
    expect(peer.heard().map((said) => said.slice(FrameAt.subsystem))).toEqual(answer ? [answer] : [])
    expect(fixture.bus.counters[counter]).toBe(before + 1)
    expect(fixture.bus.counters.failedRequest).toBe(0)
    expect(victim.heard()).toEqual([])
    expect([peer.closed, victim.closed]).toEqual([undefined, undefined])
    // A peer that is not there is everyday life.
    expect(fixture.logged.length).toBe(counter === 'unreachable' ? 0 : 1)
  })

  it.each([
    ['volttron-central-address', ''],
    ['volttron-central-serverkey', ''],
    ['platform-version', '1.2.3'],
    ['serverkey', 'K'],
    ['agent-monitor-frequency', '600'],
    ['bind-web-address', ''],
    ['-1', ''],
    ['__proto__', ''],
    ['', ''],
  ])('a query of %s is answered by its value', (property, value) => {
    const fixture = busFixture()
    const peer = fixture.connect('peer')
    peer.vip('', 'query', 'i', property)
    expect(peer.heard()).toEqual([['', 'VIP1', '', 'i', 'query', '', value]])
  })

  it('is told in the log once a second, with a count of the rest', () => {
    const fixture = busFixture()
    const peer = fixture.connect('peer')
    for (let round = 0; round < 50; round++) peer.vip('', 'pubsub', 'i', 'bogus_op', 'x')
    fixture.pass(1_000)
    peer.vip('', 'pubsub', 'i', '\u001b[31m', 'x')
    const line = { identity: 'peer', misdeed: 'malformedRequest' }
    expect(fixture.logged).toEqual([
      ['peer-misbehaves', { ...line, detail: 'pubsub: unknown operation bogus_op', more: 0 }],
      ['peer-misbehaves', { ...line, detail: 'pubsub: unknown operation ?[31m', more: 49 }],
    ])
    expect(fixture.bus.counters.malformedRequest).toBe(51)
  })

  it('costs nobody the connection when the router itself fails at it', () => {
    const fixture = busFixture()
    const peer = fixture.connect('peer')
    const { subscribe } = fixture.bus.subscriptions
    fixture.bus.subscriptions.subscribe = () => {
      throw new Error('a defect of ours')
    }
    peer.vip('', 'pubsub', 'i', 'subscribe', '{"prefix": "x"}')
    fixture.bus.subscriptions.subscribe = subscribe
    peer.vip('', 'ping', 'i', 'ping')
    expect(peer.heard().map((frames) => frames.slice(FrameAt.subsystem))).toEqual([['ping', 'pong']])
    expect(fixture.bus.counters.failedRequest).toBe(1)
    expect(fixture.logged[0]![1]).toMatchObject({ misdeed: 'failedRequest', detail: 'a defect of ours' })
  })
})

describe('a topic that reads as JSON', () => {
  it('comes from the SDK, and reaches a Python agent as the text it is', () => {
    const fixture = busFixture()
    const python = fixture.connect('python')
    python.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "12", "bus": ""}')
    python.heard()
    const { distribution } = fixture.bus
    const publish = { id: Buffer.from('i'), bus: '""', headers: '{}', message: '1' }
    distribution.publishClassic(distribution.publisher('sdk', 'sdk'), distribution.topics.intern('123'), publish)
    expect(python.heard()[0]!.slice(FrameAt.args, FrameAt.args + 2)).toEqual(['publish', '"123"'])
  })
})

describe('a topic of brackets, which is no JSON and ends its reader', () => {
  it.each(['['.repeat(1_000), '{"":'.repeat(250), ` ${'['.repeat(1_000)}`])(
    'reaches a Python agent as the text it is: %.6s',
    (topic) => {
      const fixture = busFixture()
      const python = fixture.connect('python')
      python.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "", "bus": ""}')
      const author = fixture.connect('author')
      python.heard()
      author.vip('', 'pubsub', 'p', 'publish', topic, body)
      expect(python.heard()[0]!.slice(FrameAt.args, FrameAt.args + 2)).toEqual(['publish', JSON.stringify(topic)])
    },
  )
})

/** What a Python agent has a handler for; of anything else its receive loop dies. */
const KNOWN = new Set(['hello', 'ping', 'peerlist', 'RPC', 'pubsub', 'error', 'query', 'external_rpc'])
/** Levels of nesting that its JSON reader survives for certain. */
const PYTHON_DEPTH = 900
const PYTHON_DIGITS = 4_300

/** Why a Python agent would end at a message, as its code was read and tried; `undefined` when it lives. */
function endOfPython(message: readonly Buffer[]): string | undefined {
  const texts = message.map((frame) => frame.toString('latin1'))
  const subsystem = texts[FrameAt.subsystem]!
  if (!KNOWN.has(subsystem)) return `subsystem ${subsystem}`
  if (subsystem === 'error' && texts[FrameAt.args] === '-32001') return 'error -32001'
  if (subsystem === 'hello' && texts[FrameAt.args] !== 'welcome') return 'hello of a peer'
  for (const text of texts) {
    if (depthOf(text) > PYTHON_DEPTH) return 'nesting'
    if (/^[\s[{,:]*-?\d/.test(text) && new RegExp(`\\d{${PYTHON_DIGITS + 1}}`).test(text)) return 'digits'
  }
  if (subsystem !== 'ping') return undefined
  return [texts[FrameAt.id]!, ...texts.slice(FrameAt.args)].find(
    (text) => /^(-\d+|\d{11,}|[[{].*)$/s.test(text) && isJson(text),
  )
}

function depthOf(text: string): number {
  if (!/^\s*[[{]/.test(text)) return 0
  let [depth, deepest] = [0, 0]
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('any frames from an authenticated classic peer', () => {
  const word = fc.constantFrom(
    ...[
      '',
      'VIP1',
      'victim',
      'sdk',
      'attacker',
      'there/x',
      'here/victim',
      'hello',
      'welcome',
      'ping',
      'pong',
      'peerlist',
      'list',
      'add',
    ],
    ...[
      'pubsub',
      'publish',
      'subscribe',
      'unsubscribe',
      'synchronize',
      'connected',
      'external_publish',
      'external_list',
      'RPC',
    ],
    ...[
      'query',
      'error',
      '-32001',
      'agentstop',
      'routing_table',
      'external_rpc',
      'send_platform',
      'federation',
      'auth_update',
    ],
    ...[
      '-1',
      '4294967296',
      '123',
      'null',
      'true',
      'NaN',
      '1e5',
      '"\u20ac"',
      '[]',
      '{}',
      '1'.repeat(5_000),
      deep,
      // Not too long for a topic.
      '['.repeat(1_000),
      `${deep}${']'.repeat(2_000)}`,
    ],
    ...[
      '{"prefix": ""}',
      '{"prefix": null}',
      body,
      call,
      `{"jsonrpc": "2.0", "id": ${deep}`,
      '{"subscriptions": {"all": {"": [""]}}}',
    ],
    `{"bus": "", "headers": {}, "message": ${deep}${']'.repeat(2_000)}}`,
    `{"bus": "", "headers": {"a": ${'7'.repeat(4_400)}}, "message": 1}`,
    '{"to_platform": "here", "to_peer": "victim", "args": ["{\\"jsonrpc\\": \\"2.0\\", \\"method\\": \\"m\\", \\"id\\": 1}"]}',
    JSON.stringify({
      to_platform: 'here',
      to_peer: 'victim',
      args: [`{"jsonrpc": "2.0", "method": "m", "id": 1, "params": ${deep}${']'.repeat(2_000)}}`],
    }),
  )
  const anyFrame = fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) })
  const header = fc.record({
    peer: fc.constantFrom('', '', 'victim', 'sdk', 'there/x', '-1'),
    id: anyFrame,
    subsystem: fc.constantFrom(
      'hello',
      'ping',
      'peerlist',
      'query',
      'pubsub',
      'pubsub',
      'pubsub',
      'RPC',
      'RPC',
      'external_rpc',
      'error',
      'bogus',
    ),
    args: fc.array(anyFrame, { maxLength: 4 }),
  })
  const wellFormed = header.map(({ peer, id, subsystem, args }): Part[] => vipMessage({ peer, id, subsystem }, args))
  const message = fc.oneof(
    { weight: 4, arbitrary: wellFormed },
    { weight: 1, arbitrary: fc.array(anyFrame, { maxLength: 9 }) },
  )

  it('never stop the platform, and never make it send another agent what ends a Python agent', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), (messages) => {
        const fixture = busFixture()
        const victim = fixture.connect('victim')
        victim.vip('', 'pubsub', 's', 'subscribe', '{"prefix": "", "bus": "", "all_platforms": true}')
        victim.sent = []
        const attacker = fixture.connect('attacker')
        for (const frames of messages) if (attacker.closed === undefined) attacker.say(...frames)
        fixture.endTurn()
        expect(victim.sent.map(endOfPython).filter((end) => end !== undefined)).toEqual([])
        expect(victim.closed).toBeUndefined()
        expect(fixture.bus.counters.failedRequest).toBe(0)
        const survivor = fixture.connect('survivor')
        survivor.vip('', 'ping', 'i', 'ping')
        expect(survivor.sent.at(-1)!.map(frameText).slice(FrameAt.subsystem)).toEqual(['ping', 'pong'])
      }),
      { numRuns: 3_000 },
    )
  })
})
