import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { leadsTo, linksIn } from './config-links.ts'
import { configName, nameKey } from './config-name.ts'

describe('names of configurations', () => {
  it('lose blanks and slashes at both ends, and keep their case', () => {
    expect(configName(' \t/devices/Campus\\/\n')).toBe('devices/Campus')
    expect(nameKey('Config')).toBe(nameKey('CONFIG'))
  })

  it('are read in one pass, however many blanks are in them', () => {
    const name = `a${' '.repeat(3_000_000)}b`
    expect(() => configName(name)).toThrow('at most 1024 characters')
    expect([...linksIn([`config://${name}`])]).toEqual([name])
  })

  it.each(['', ' / ', 5, null, 'x'.repeat(2_000)])(
    'are refused when there is nothing in them or too much: %j',
    (name) => {
      expect(() => configName(name)).toThrow()
    },
  )
})

describe('links between configurations', () => {
  it('are found at any depth, whatever their case', () => {
    const contents = { a: 'config://One', b: [{ c: 'CONFIG:// /two/ ' }, 'http://x'], d: null, e: 1 }
    expect([...linksIn(contents)].sort()).toEqual(['one', 'two'])
    expect([...linksIn('config://text-is-no-link')]).toEqual([])
  })

  it('may be nested deeper than the stack is', () => {
    let contents: unknown = 'config://x'
    for (let depth = 0; depth < 100_000; depth++) contents = [contents]
    expect([...linksIn(contents)]).toEqual(['x'])
  })

  it('lead to where somebody comes who follows them, in any web of them', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const web = fc.array(fc.uniqueArray(fc.constantFrom(...names, 'missing')), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(web, (links) => {
        const contentsOf = (key: string) => links[names.indexOf(key)]?.map((name) => `config://${name}`)
        const reached = new Set<string>(links[0]!)
        for (let size = -1; size < reached.size; ) {
          size = reached.size
          for (const name of [...reached]) for (const next of links[names.indexOf(name)] ?? []) reached.add(next)
        }
        for (const name of names) expect(leadsTo(name, contentsOf('a'), contentsOf)).toBe(reached.has(name))
      }),
    )
  })
})
