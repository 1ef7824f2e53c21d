import { describe, expect, it } from '@jest/globals'
import type { AgentRow } from '@volttron/contracts'
import { type SelectionOptions, select, selectOne, selectSome } from './selection.ts'

const agent = (identity: string, uuid: string, name: string, tag: string | null = null): AgentRow =>
  ({ identity, uuid, name, tag }) as AgentRow

const agents = [
  agent('listener', 'aa11', 'volttron-listener-2.0', 'demo'),
  agent('listener.two', 'ab22', 'volttron-listener-2.0'),
  agent('platform.driver', 'cc33', 'volttron-platform-driver-1.0', 'field'),
]
const meant = (pattern: string, options: SelectionOptions = {}) =>
  select(agents, [pattern], options)[0]!.agents.map(({ identity }) => identity)

describe('which agents a pattern means', () => {
  it.each([
    ['an identity, and no other that begins so', 'listener', ['listener']],
    ['identities by wildcard', 'listener*', ['listener', 'listener.two']],
    ['the start of one UUID', 'cc', ['platform.driver']],
    ['nothing for the start of several UUIDs', 'a', []],
    ['every agent whose name begins so', 'volttron-listener', ['listener', 'listener.two']],
    ['one character by a question mark', 'l?stener', ['listener']],
    ['no more than the text for what is special elsewhere', 'listener.', []],
  ])('is %s', (_what, pattern, identities) => {
    expect(meant(pattern)).toEqual(identities)
  })

  it('is what an option says, and all of it', () => {
    expect(meant('volttron-listener', { name: true })).toEqual([])
    expect(meant('volttron-listener-*', { name: true })).toEqual(['listener', 'listener.two'])
    expect(meant('demo', { tag: true })).toEqual(['listener'])
    expect(meant('aa11', { uuid: true })).toEqual(['listener'])
    expect(meant('listener', { uuid: true })).toEqual([])
    expect(meant('*', { allTagged: true })).toEqual(['listener', 'platform.driver'])
  })

  it('is every agent with a tag when there is no pattern but --all-tagged', () => {
    expect(selectSome(agents, [], { allTagged: true })[0]!.agents).toHaveLength(2)
    expect(() => selectSome(agents, [], {})).toThrow('which agents? a pattern is missing')
    expect(() => selectSome(agents, ['listener', 'nobody'], {})).toThrow('agent not found: nobody')
  })

  it('must be one where one is wanted', () => {
    expect(selectOne(agents, 'listener', {}).uuid).toBe('aa11')
    expect(() => selectOne(agents, 'volttron-listener', {})).toThrow(
      "'volttron-listener' means 2 agents: listener, listener.two",
    )
  })
})
