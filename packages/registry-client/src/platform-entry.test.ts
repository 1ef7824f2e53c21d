import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readEntries } from './platform-entry.ts'

describe('reading a list', () => {
  it('never throws and never loses count', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (list) => {
        const { platforms, rejectedCount } = readEntries(list, 10)
        expect(platforms.length + rejectedCount).toBe(list.length)
      }),
    )
  })
})
