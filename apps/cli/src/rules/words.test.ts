import { describe, expect, it } from '@jest/globals'
import type { VolttronError } from '@volttron/vip'
import { checkAgentIdentity, parsePubsubCapabilities, parseRoles, parseRpcCapabilities, parseTopics } from './words.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'none'
  } catch (error) {
    return (error as VolttronError).code
  }
}

describe('rights as a person types them', () => {
  it.each(['listener', 'site-b/listener', 'site-b/*', 'a.b_c-d'])('takes the identity %s', (identity) => {
    expect(() => checkAgentIdentity(identity)).not.toThrow()
  })

  it.each(['', 'a b', '123', 'x/y/z', '1/listener', 'site-b/', '*', 'platform.auth', 'control.connection'])(
    'refuses the identity %j',
    (identity) => {
      expect(codeOf(() => checkAgentIdentity(identity))).toBe('usage')
    },
  )

  it('reads RPC capabilities as words, parted by commas, as patterns and with restrictions', () => {
    expect(
      parseRpcCapabilities([
        ' thermostat.read, my.agent.set',
        '/x[.].{1,2}/',
        '{"a.b": {"x": "/1|2/"}}',
        '/a.b/,/c.d/,e.f',
      ]),
    ).toEqual(['thermostat.read', 'my.agent.set', '/x[.].{1,2}/', { 'a.b': { x: '/1|2/' } }, '/a.b/', '/c.d/', 'e.f'])
  })

  it.each(['', ',', 'thermostat', 'thermostat.', '.read', 'a b.c', '/x', '/', '//', '/(/', '{', '{}', '{"a.b": 1}'])(
    'refuses the RPC capability %j',
    (text) => {
      expect(codeOf(() => parseRpcCapabilities([text]))).toBe('usage')
    },
  )

  it('reads pubsub capabilities', () => {
    expect(parsePubsubCapabilities(['devices/:publish', '/a:.*/:pubsub'])).toEqual({
      'devices/': 'publish',
      '/a:.*/': 'pubsub',
    })
  })

  it.each(['devices', ':publish', 'devices:', 'devices:write', '/x:publish', '/(/:publish'])(
    'refuses the pubsub capability %j',
    (text) => {
      expect(codeOf(() => parsePubsubCapabilities([text]))).toBe('usage')
    },
  )

  it('reads roles and topics', () => {
    expect(parseRoles(['reader', '{"r": {"identity": "a"}}'])).toEqual(['reader', { r: { identity: 'a' } }])
    expect(parseTopics(['devices', '/a.*/'])).toEqual(['devices', '/a.*/'])
    for (const words of [[''], ['{'], ['{"r": 1}']]) expect(codeOf(() => parseRoles(words))).toBe('usage')
    for (const words of [[''], ['/a'], ['/(/']]) expect(codeOf(() => parseTopics(words))).toBe('usage')
  })
})
