import { describe, expect, it } from '@jest/globals'
import { decide } from './decide.ts'
import { PeerTable } from './peer-table.ts'

const peer = (name: string) => ({ name })

describe('the peer table', () => {
  it('lists whoever is there, and nobody else', () => {
    const table = new PeerTable<object>()
    const a = peer('a')
    table.add('a', a)
    table.add('b', peer('b'))
    expect(table.listing().map(String)).toEqual(['a', 'b'])
    table.drop('a', a)
    expect(table.listing().map(String)).toEqual(['b'])
  })

  it('tells the others of a newcomer before the newcomer is there', () => {
    const table = new PeerTable<object>()
    const heard: string[] = []
    table.listen({
      onAdd: (identity) => heard.push(`+${identity} of ${table.size}`),
      onDrop: (identity) => heard.push(`-${identity}`),
    })
    const a = peer('a')
    table.add('a', a)
    table.drop('a', a)
    expect(heard).toEqual(['+a of 0', '-a'])
  })

  it('does not drop the successor when the predecessor goes', () => {
    const table = new PeerTable<object>()
    const [old, young] = [peer('a'), peer('a')]
    table.add('a', old)
    table.drop('a', old)
    table.add('a', young)
    expect(table.drop('a', old)).toBe(false)
    expect(table.get('a')).toBe(young)
  })

  it('refuses to add over a peer that is there', () => {
    const table = new PeerTable<object>()
    table.add('a', peer('a'))
    expect(() => table.add('a', peer('a'))).toThrow('already')
  })
})

describe('the decision where a message goes', () => {
  const table = new PeerTable<{ name: string }>()
  const a = peer('a')
  table.add('a', a)

  it('sends the empty recipient to the router', () => {
    expect(decide('', table, 'here')).toEqual({ to: 'router' })
  })
  it('finds a local peer by its identity and by its full name', () => {
    expect(decide('a', table, 'here')).toEqual({ to: 'peer', peer: a })
    expect(decide('here/a', table, 'here')).toEqual({ to: 'peer', peer: a })
  })
  it('sends <platform>/<identity> to that platform', () => {
    expect(decide('there/a', table, 'here')).toEqual({ to: 'platform', platform: 'there', identity: 'a' })
  })
  it('knows nobody else', () => {
    expect(decide('b', table, 'here')).toEqual({ to: 'nowhere' })
    expect(decide('here/b', table, 'here')).toEqual({ to: 'nowhere' })
  })
})
