import { describe, expect, it } from '@jest/globals'
import { PeerLog, shown } from './peer-log.ts'

function logAt() {
  const lines: [string, Record<string, unknown>][] = []
  const clock = { nowMs: 0 }
  const log = new PeerLog({ now: () => clock.nowMs, log: (event, fields) => void lines.push([event, fields]) })
  return { lines, clock, log }
}

describe('the log of what peers do wrong', () => {
  it('has one line a second for a peer, whatever it does, and says how many there were between', () => {
    const { lines, clock, log } = logAt()
    for (let round = 0; round < 3; round++) log.add('a', `event-${round}`, { round })
    log.add('b', 'other', {})
    expect(lines).toEqual([
      ['event-0', { round: 0, more: 0 }],
      ['other', { more: 0 }],
    ])
    clock.nowMs = 1_000
    log.add('a', 'again', {})
    expect(lines.at(-1)).toEqual(['again', { more: 2 }])
  })

  it('is not flooded by a crowd, and forgets who has been quiet', () => {
    const { lines, clock, log } = logAt()
    for (let round = 0; round < 3; round++) for (let peer = 0; peer < 5_000; peer++) log.add(`peer-${peer}`, 'x', {})
    expect(lines).toHaveLength(1_000)
    clock.nowMs = 1_000
    for (let peer = 0; peer < 5_000; peer++) log.add(`peer-${peer}`, 'x', {})
    expect(lines).toHaveLength(2_000)
  })

  it('shows what a peer has written without harm to a terminal', () => {
    expect(shown('\u001b[31mred\n')).toBe('?[31mred?')
    expect(shown('x'.repeat(1_000))).toHaveLength(100)
  })
})
