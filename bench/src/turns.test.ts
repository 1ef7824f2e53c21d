import { describe, expect, it } from '@jest/globals'
import { rotated } from './turns.ts'

describe('rotated', () => {
  it('lets everybody go first in turn and keeps the order', () => {
    const items = ['a', 'b', 'c']
    expect(rotated(items, 0)).toEqual(['a', 'b', 'c'])
    expect(rotated(items, 1)).toEqual(['b', 'c', 'a'])
    expect(rotated(items, 5)).toEqual(['c', 'a', 'b'])
  })

  it('has nothing to turn in an empty list', () => {
    expect(rotated([], 3)).toEqual([])
  })
})
