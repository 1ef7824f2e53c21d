import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { commonVersion, helloArgument, parseHello, parseWelcome, welcomeArgument } from './capabilities.ts'

const credit = { bytes: 65_536, records: 1_024 }
const hello = { versions: { min: 1, max: 1 }, features: ['a'], credit }
const welcome = { version: 1, features: [], credit, nonce: 7, instanceName: 'here' }
const said = (value: unknown) => JSON.stringify({ 'volttron-ts': value })

describe('the capabilities of a peer', () => {
  it('arrive as they were announced', () => {
    expect(parseHello(helloArgument(credit, ['a']))).toEqual(hello)
    expect(parseWelcome(welcomeArgument(welcome))).toEqual(welcome)
  })

  it('may hold more than we know of', () => {
    expect(parseHello(said({ ...hello, next: { x: 1 } }))).toEqual(hello)
    expect(parseHello(said({ ...hello, features: ['a', 1, null, ['b']] }))).toEqual(hello)
    expect(parseHello(said({ ...hello, features: 'a' }))).toEqual({ ...hello, features: [] })
  })

  it.each<[string, object]>([
    ['no versions', { versions: undefined }],
    ['versions as a list', { versions: [1, 1] }],
    ['a version that is no number', { versions: { min: '1', max: 1 } }],
    ['a broken version', { versions: { min: 1, max: 1.5 } }],
    ['no credit', { credit: undefined }],
    ['credit as text', { credit: '1' }],
    ['negative credit', { credit: { bytes: -1, records: 5 } }],
    ['broken credit', { credit: { bytes: 0.5, records: 5 } }],
    ['credit without records', { credit: { bytes: 5 } }],
  ])('are none with %s', (_what, change) => {
    expect(parseHello(said({ ...hello, ...change }))).toBeUndefined()
  })

  it.each<[string, object]>([
    ['no version', { version: undefined }],
    ['a nonce that no batch can carry', { nonce: 2 ** 32 }],
    ['a negative nonce', { nonce: -1 }],
    ['a nonce as text', { nonce: '7' }],
    ['no name', { instanceName: undefined }],
    ['negative credit', { credit: { bytes: 5, records: -1 } }],
  ])('are none of a router with %s', (_what, change) => {
    expect(parseWelcome(said({ ...welcome, ...change }))).toBeUndefined()
  })

  it('are read or refused without an error, whatever the text', () => {
    const members = fc.dictionary(
      fc.constantFrom('versions', 'version', 'credit', 'features', 'nonce', 'instanceName', 'min', 'max', 'bytes'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json(), members.map(said), fc.json().map(said)),
        (text) => {
          const inHello = parseHello(text)
          if (inHello) expect(inHello.credit.bytes).toBeGreaterThanOrEqual(0)
          const inWelcome = parseWelcome(text)
          if (inWelcome) expect(inWelcome.nonce).toBeGreaterThanOrEqual(0)
        },
      ),
    )
    for (const text of ['', 'null', '[]', '"volttron-ts"', '{"volttron-ts":[]}', '{"__proto__":{"volttron-ts":{}}}']) {
      expect(parseHello(text)).toBeUndefined()
      expect(parseWelcome(text)).toBeUndefined()
    }
  })

  it.each([
    [1, 1, 1],
    [0, 9, 1],
    [1, 9, 1],
    [2, 9, undefined],
    [0, 0, undefined],
    [9, 0, undefined],
    [1, 0, undefined],
  ])('from version %i to %i share %p with ours', (min, max, version) => {
    expect(commonVersion({ min, max })).toBe(version)
  })
})
