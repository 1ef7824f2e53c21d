import { describe, expect, it } from '@jest/globals'
import { Pace } from './pace.ts'

describe('the pace of an author', () => {
  it('is held back for a moment when a single reader is behind', () => {
    const pace = new Pace()
    expect(pace.isHeldBack(0)).toBe(false)
    pace.note({ isCongested: true }, 0)
    expect([pace.isHeldBack(99), pace.isHeldBack(100), pace.isHeldBack(100)]).toEqual([true, false, false])
    pace.note({ isCongested: true }, 200)
    expect(pace.isHeldBack(299)).toBe(true)
  })

  it('is held back as long as most of a group are behind, whatever a single reader does', () => {
    const pace = new Pace()
    const group = { isCongested: true, isGroup: true }
    pace.note(group, 0)
    pace.note({ isCongested: false }, 1)
    expect(pace.isHeldBack(5_000)).toBe(true)
    group.isCongested = false
    expect(pace.isHeldBack(5_000)).toBe(false)
  })

  it('is not held back by a reader that has caught up', () => {
    const pace = new Pace()
    const reader = { isCongested: true }
    pace.note(reader, 0)
    reader.isCongested = false
    expect(pace.isHeldBack(1)).toBe(false)
  })
})
