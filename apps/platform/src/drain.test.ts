import { describe, expect, it } from '@jest/globals'
import { drain } from './drain.ts'

describe('the end of a platform', () => {
  it('waits for what is queued', async () => {
    const queued = [300, 200, 100, 0]
    await drain(() => queued.shift() ?? 0)
    expect(queued).toEqual([])
  })

  it('does not wait for a peer that takes nothing', async () => {
    let looks = 0
    await drain(() => ++looks, 20)
    expect(looks).toBeGreaterThan(1)
  })
})
