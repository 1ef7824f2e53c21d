import { describe, expect, it } from '@jest/globals'
import { readInstallRequest } from './install-request.ts'

describe('readInstallRequest', () => {
  it("takes what Python's vctl sends", () => {
    const options = {
      source: 'volttron-listener',
      start: false,
      data: null,
      identity: null,
      tag: null,
      editable: false,
      force: true,
      allow_prerelease: true,
      agent_config: {},
      credentials: null,
      enabled: false,
      priority: null,
    }
    expect(readInstallRequest(options)).toEqual({
      source: 'volttron-listener',
      start: false,
      data: undefined,
      identity: undefined,
      tag: undefined,
      editable: false,
      force: true,
      allowPrereleases: true,
      config: undefined,
      priority: undefined,
    })
  })

  it('takes a configuration as an object or as text, and enables with priority 50', () => {
    expect(readInstallRequest({ source: 'x', agent_config: { a: 1 } }).config).toBe('{\n  "a": 1\n}')
    expect(readInstallRequest({ source: 'x', agent_config: 'a: 1' }).config).toBe('a: 1')
    expect(readInstallRequest({ source: 'x', enabled: true }).priority).toBe('50')
    expect(readInstallRequest({ source: 'x', priority: 7 }).priority).toBe('7')
  })

  it.each([undefined, null, 'x', {}, { source: '' }, { source: 1 }, { source: 'x', start: 'yes' }])(
    'refuses %j in one line',
    (options) => {
      expect(() => readInstallRequest(options)).toThrow(/^install_agent: .+$/)
    },
  )
})
