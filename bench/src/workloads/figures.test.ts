import { describe, expect, it } from '@jest/globals'
import { percentilesOf } from './latency.ts'
import { rateOf } from './rate.ts'
import { relativeRates } from './stalled.ts'

describe('percentiles', () => {
  it('are those of the nearest rank', () => {
    const latencies = Array.from({ length: 1000 }, (_, index) => 1000 - index)
    expect(percentilesOf(latencies)).toEqual({ p50: 500, p99: 990, p999: 999 })
    expect(percentilesOf([7])).toEqual({ p50: 7, p99: 7, p999: 7 })
  })

  it('of nothing are an error', () => {
    expect(() => percentilesOf([])).toThrow(/no stamped message/)
  })
})

describe('a rate', () => {
  const heard = (messages: number, firstAtMs: number, seconds: number) => ({ messages, firstAtMs, seconds })

  it('counts from the first message to the last; the first one starts the clock', () => {
    expect(rateOf([heard(1001, 5000, 2)], 1001, 1001)).toEqual({ perSecond: 500, sent: 1001, lostPercent: 0 })
  })

  it('says what is missing', () => {
    expect(rateOf([heard(75, 0, 1)], 100, 100).lostPercent).toBe(25)
  })

  it('takes several subscribers from the first to hear to the last', () => {
    expect(rateOf([heard(501, 1000, 1), heard(500, 2000, 1)], 501, 1002).perSecond).toBe(500)
  })

  it('cannot be taken of nothing', () => {
    expect(() => rateOf([heard(0, 0, 0)], 100, 100)).toThrow(/none of 100/)
  })
})

describe('the rate beside a stalled subscriber', () => {
  it('is compared with what was measured before and after it, so that a drift does not count', () => {
    const rates = (...perSecond: number[]) => perSecond.map((one) => ({ perSecond: one, sent: 1, lostPercent: 0 }))
    expect(relativeRates(rates(150, 250), rates(100, 200, 300))).toEqual([100, 100])
    expect(relativeRates(rates(90), rates(80, 120))).toEqual([90])
  })
})
