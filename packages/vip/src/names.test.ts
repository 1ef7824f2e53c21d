import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ReservedIdentity } from './constants.ts'
import {
  identityProblem,
  instanceNameFromHost,
  instanceNameProblem,
  isReservedIdentity,
  isTextToPython,
  looksLikeJson,
  parseRemotePeer,
} from './names.ts'

const OBJECT_MEMBERS = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']

describe('an identity', () => {
  it.each(['a', 'platform.driver', 'listener-1_2.x', '1a', '-', '_', 'x'.repeat(255), 'TRUE', '0x10', '1.2.3', '01'])(
    'may be %j',
    (text) => {
      expect(identityProblem(text)).toBeUndefined()
    },
  )

  it.each([
    '',
    '.',
    '..',
    '...',
    'a b',
    'a/b',
    '../x',
    'a\n',
    'a\u0000',
    'ä',
    '😀',
    'x'.repeat(256),
    '123',
    '-1',
    '1.5',
    '1e5',
    'true',
    'null',
    'NaN',
    'Infinity',
    '-Infinity',
    '"a"',
    '{}',
    ...OBJECT_MEMBERS,
  ])('must not be %j', (text) => {
    expect(identityProblem(text)).toEqual(expect.any(String))
  })

  it('is harmless as a file name, as a key of an object and as a frame to Python', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0._-/e\\N '), maxLength: 6 }), (text) => {
        if (identityProblem(text) !== undefined) return
        expect(text).toMatch(/^[\w.-]+$/)
        expect(['.', '..']).not.toContain(text)
        expect(looksLikeJson(text)).toBe(false)
        expect(Object.keys({ ...JSON.parse(`{"${text}": 1}`) })).toEqual([text])
      }),
    )
  })
})

describe('an instance name', () => {
  it.each(['a', 'site-b', 'volttron1', '_a', '-a', 'A'.repeat(64), '9x'])('may be %j', (text) => {
    expect(instanceNameProblem(text)).toBeUndefined()
  })

  it.each([
    '',
    'a.b',
    'a b',
    'a/b',
    '../x',
    'a\n',
    'ä',
    '1',
    '--',
    '_',
    '1e5',
    '-1E5',
    'true',
    'null',
    'NaN',
    '-Infinity',
    'A'.repeat(65),
    ...OBJECT_MEMBERS,
  ])('must not be %j', (text) => {
    expect(instanceNameProblem(text)).toEqual(expect.any(String))
  })

  it('is made of any host name, as like it as possible', () => {
    expect(instanceNameFromHost('site-b')).toBe('site-b')
    expect(instanceNameFromHost('node1.lab.example.org')).toBe('node1-lab-example-org')
    for (const host of ['', '127', 'true', 'constructor', '_']) expect(instanceNameFromHost(host)).toBe('volttron')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (host) => {
        expect(instanceNameProblem(instanceNameFromHost(host))).toBeUndefined()
      }),
    )
  })
})

describe('a reserved identity', () => {
  it.each([
    'platform',
    'platform.auth',
    'platform.control',
    'platform.config_store',
    'platform.health',
    'platform.federation',
    'control.connection',
    'control.connection.1',
    'control.connection.x.y',
  ])('is %s', (identity) => {
    expect(isReservedIdentity(identity)).toBe(true)
  })

  it.each([
    '',
    'platform.driver',
    'platform.historian',
    'platform.',
    'platform.auth.x',
    'platforms',
    'Platform',
    'control',
    'control.connections',
    'a.control.connection',
    'router',
    ...OBJECT_MEMBERS,
  ])('is not %j', (identity) => {
    expect(isReservedIdentity(identity)).toBe(false)
  })

  it('is each one that the platform has, but for the nameless router', () => {
    for (const identity of Object.values(ReservedIdentity)) expect(isReservedIdentity(identity)).toBe(identity !== '')
  })
})

describe('a peer on another platform', () => {
  it('is named by platform and identity', () => {
    expect(parseRemotePeer('site-b/listener')).toEqual({ platform: 'site-b', identity: 'listener' })
    expect(parseRemotePeer('a/b/c')).toEqual({ platform: 'a', identity: 'b/c' })
    expect(parseRemotePeer('listener')).toBeUndefined()
    expect(parseRemotePeer('')).toBeUndefined()
  })
})

describe('text that reads as JSON', () => {
  it.each(['1', ' 1 ', 'true', 'null', '"a"', '[]', '{}', 'NaN', ' -NaN', 'Infinity', '-Infinity', '1E5'])(
    'is %j',
    (text) => {
      expect(looksLikeJson(text)).toBe(true)
    },
  )
  it.each(['', 'a', 'True', '1.', '.5', '+1', '01', 'nan', "'a'"])('is not %j', (text) => {
    expect(looksLikeJson(text)).toBe(false)
  })
})

describe('a topic for Python', () => {
  it.each(['123', '-1.5', 'true', ' null ', 'NaN', '"quoted"', '[1]', '{}', ' [deep', '['.repeat(1_000)])(
    'is none that it would read as something else: %s',
    (topic) => expect(isTextToPython(topic)).toBe(false),
  )

  it.each(['devices/1', '1/2', '-', 'nullable', '"open', '', 'a[1]', 'ü'])('may be %s', (topic) =>
    expect(isTextToPython(topic)).toBe(true),
  )
})
