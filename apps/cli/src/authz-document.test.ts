import { describe, expect, it } from '@jest/globals'
import type { VolttronError } from '@volttron/vip'
import fc from 'fast-check'
import {
  addRpcCapabilities,
  checkAuthzIdentity,
  listAgents,
  parseAuthz,
  parseCapabilities,
  removeAgent,
} from './authz-document.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'none'
  } catch (error) {
    return (error as VolttronError).code
  }
}

describe('editing authz.json', () => {
  const document = parseAuthz(
    JSON.stringify({
      roles: { admin: { rpc_capabilities: ['/.*/'] } },
      agents: { listener: { comments: 'kept', rpc_capabilities: ['a.b', { 'c.d': { x: 1 } }] } },
      own_section: [1, 2],
    }),
    'authz.json',
  )

  it('adds rights to those that are there and touches nothing else', () => {
    const edited = addRpcCapabilities(document, 'listener', ['a.b', 'e.f', 'e.f'])
    expect(edited).toEqual({
      ...document,
      agents: { listener: { comments: 'kept', rpc_capabilities: ['a.b', { 'c.d': { x: 1 } }, 'e.f'] } },
    })
    expect(Object.keys(edited)).toEqual(['roles', 'agents', 'own_section'])
  })

  it('allows a caller on another platform in an empty file', () => {
    expect(addRpcCapabilities({}, 'site-b/operator', ['thermostat.read'])).toEqual({
      agents: { 'site-b/operator': { rpc_capabilities: ['thermostat.read'] } },
    })
  })

  it('removes an agent and says so when there is none', () => {
    expect(listAgents(removeAgent(document, 'listener'))).toEqual([])
    expect(codeOf(() => removeAgent(document, 'other'))).toBe('not-found')
  })

  it('undoes an addition by a removal, whatever else the file holds', () => {
    const others = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,6}$/),
      fc.record({ rpc_capabilities: fc.array(fc.string()) }),
    )
    fc.assert(
      fc.property(others, (agents) => {
        const before = { agents }
        expect(removeAgent(addRpcCapabilities(before, 'NEW', ['a.b']), 'NEW')).toEqual(before)
      }),
    )
  })

  it.each(['', '{', '[]', '"x"', '{"agents": []}', '{"agents": {"a": 1}}', '{"agents":{"a":{"rpc_capabilities":{}}}}'])(
    'refuses the corrupt file %j',
    (text) => {
      expect(codeOf(() => parseAuthz(text, 'authz.json'))).toBe('bad-data')
    },
  )
})

describe('arguments of authz', () => {
  it.each(['listener', 'site-b/listener', 'site-b/*', 'a.b_c-d'])('takes the identity %s', (identity) => {
    expect(() => checkAuthzIdentity(identity)).not.toThrow()
  })

  it.each(['', 'a b', '123', 'x/y/z', '1/listener', 'site-b/', '*', 'platform.auth', 'control.connection'])(
    'refuses the identity %j',
    (identity) => {
      expect(codeOf(() => checkAuthzIdentity(identity))).toBe('usage')
    },
  )

  it('reads capabilities parted by commas', () => {
    expect(parseCapabilities(' thermostat.read, my.agent.set ,/x[.].*/')).toEqual([
      'thermostat.read',
      'my.agent.set',
      '/x[.].*/',
    ])
  })

  it.each(['', ',', 'thermostat', 'thermostat.', '.read', 'a b.c', '/x', '/', '//', '/(/'])(
    'refuses the capability %j',
    (text) => {
      expect(codeOf(() => parseCapabilities(text))).toBe('usage')
    },
  )
})
