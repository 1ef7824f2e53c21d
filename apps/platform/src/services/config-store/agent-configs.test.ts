import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { AgentConfigs } from './agent-configs.ts'

const MODIFIED = '2026-01-01T00:00:00.000000+00:00'
const add = (configs: AgentConfigs, name: string, text: string, type = 'json') =>
  configs.with({ name, type, text, modified: MODIFIED })

describe('the configurations of an agent', () => {
  it('are found in any case, and take the spelling given last', () => {
    const configs = add(add(AgentConfigs.none, '/Config', '{"a": 1}'), 'CONFIG/', '{"a": 2}')
    expect(configs.names).toEqual(['CONFIG'])
    expect(configs.get('config')).toMatchObject({ data: '{"a": 2}', contents: { value: { a: 2 } }, type: 'json' })
    expect(configs.contents().toJSON()).toEqual({ CONFIG: { a: 2 } })
  })

  it('refuse a loop of links, to themselves too', () => {
    const one = add(AgentConfigs.none, 'One', '{"next": "config://TWO"}')
    const two = add(one, 'two', '{"next": "config://three"}')
    expect(() => add(two, 'three', '["config://one"]')).toThrow('Recursive configuration references')
    expect(() => add(AgentConfigs.none, 'x', '["config://X"]')).toThrow('Recursive')
    expect(add(two, 'three', '["config://four"]').names).toHaveLength(3)
  })

  it('change nothing of those before', () => {
    const before = add(AgentConfigs.none, 'a', '{}')
    const after = before.without('A')
    expect([before.names, after.names, after.isEmpty]).toEqual([['a'], [], true])
    expect(after.without('a')).toBe(after)
  })

  it('keep one that cannot be read any more, and leave it out of what the agent gets', () => {
    const read = AgentConfigs.read({
      good: { type: 'raw', modified: null, data: 'x' },
      bad: { type: 'json', data: '{' },
      a: { type: 'json', data: '["config://b"]' },
      b: { type: 'json', data: '["config://a"]' },
      Good: { type: 'raw', data: 'again' },
    })!
    expect(read.configs.contents().toJSON()).toEqual({ good: 'x', b: ['config://a'] })
    expect(read.configs.names).toEqual(['a', 'b', 'bad', 'good'])
    expect(read.configs.document()).toMatchObject({ bad: { type: 'json', modified: null, data: '{' } })
    expect(read.problems).toHaveLength(3)
  })

  it.each([null, [], 'text', { a: 1 }, { a: { type: 'json' } }, { a: { type: 'xml', data: '' } }])(
    'are not read from what is no store: %j',
    (json) => expect(AgentConfigs.read(json)).toBeUndefined(),
  )

  it('come back from their file as they went into it', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => /[^\s\\/]/.test(text))
    const config = fc.record({ name, type: fc.constantFrom('raw', 'csv'), text: fc.string({ unit: 'binary' }) })
    fc.assert(
      fc.property(fc.array(config), (given) => {
        const configs = given.reduce((all, { name, type, text }) => add(all, name, text, type), AgentConfigs.none)
        const read = AgentConfigs.read(JSON.parse(JSON.stringify(configs.document())))!
        expect(read.problems).toEqual([])
        expect(read.configs.document()).toEqual(configs.document())
        expect(read.configs.contents().toJSON()).toEqual(configs.contents().toJSON())
      }),
    )
  })
})
