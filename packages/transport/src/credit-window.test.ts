import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { CreditBalance, CreditGrant, INITIAL_CREDIT } from './credit-window.ts'

const MAX = { bytes: 2 * 1024 * 1024, records: 16_384 }
const MIN = { bytes: 64 * 1024, records: 1_024 }

const load = fc.array(
  fc.record({
    ms: fc.oneof(fc.nat(5), fc.nat(2_000)),
    bytes: fc.oneof(fc.nat(2_000), fc.nat(300_000)),
    records: fc.nat(2_000),
  }),
  { maxLength: 200 },
)

describe('what a reader grants', () => {
  it('only grows, stays ahead of what was consumed by one window, and never by more than the largest', () => {
    fc.assert(
      fc.property(load, (steps) => {
        let nowMs = 0
        const grant = new CreditGrant(() => nowMs)
        const consumed = { bytes: 0, records: 0 }
        let allowed = INITIAL_CREDIT
        for (const { ms, bytes, records } of steps) {
          nowMs += ms
          consumed.bytes += bytes
          consumed.records += records
          const next = grant.consume(bytes, records)
          if (next) {
            for (const what of ['bytes', 'records'] as const) {
              expect(Number.isSafeInteger(next[what])).toBe(true)
              expect(next[what]).toBeGreaterThanOrEqual(allowed[what])
              expect(next[what] - consumed[what]).toBeGreaterThanOrEqual(MIN[what] - 1)
              expect(next[what]).toBeLessThanOrEqual(Math.max(allowed[what], consumed[what] + MAX[what]))
            }
            allowed = next
          }
          // Or the writer would wait for ever: somebody who has used up what it may hears of more.
          expect(allowed.bytes).toBeGreaterThan(consumed.bytes)
          expect(allowed.records).toBeGreaterThan(consumed.records)
        }
      }),
    )
  })

  it('follows the pace of the reader', () => {
    const ahead = (bytesPerMs: number): number => {
      let nowMs = 0
      let consumed = 0
      let allowed = INITIAL_CREDIT.bytes
      const grant = new CreditGrant(() => nowMs)
      for (; nowMs < 60_000; nowMs += 10) {
        consumed += bytesPerMs * 10
        allowed = grant.consume(bytesPerMs * 10, 1)?.bytes ?? allowed
      }
      return allowed - consumed
    }
    expect(ahead(10)).toBeLessThanOrEqual(MIN.bytes)
    expect(ahead(1_000)).toBeLessThanOrEqual(250_000)
    expect(ahead(1_000)).toBeGreaterThan(100_000)
    expect(ahead(1_000_000)).toBeLessThanOrEqual(MAX.bytes)
  })
})

describe('what a writer may send', () => {
  it('is what was allowed, and one record more', () => {
    const balance = new CreditBalance({ bytes: 100, records: 3 })
    expect(balance.allows(99, 2)).toBe(true)
    expect(balance.allows(100, 0)).toBe(false)
    expect(balance.allows(0, 3)).toBe(false)
    balance.sent(99, 2)
    expect(balance.allows(0, 0)).toBe(true)
    balance.sent(1_000_000, 1)
    expect(balance.allows(0, 0)).toBe(false)
  })

  it('never shrinks, whatever is said', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.maxSafeNat(), records: fc.maxSafeNat() })), (grants) => {
        const balance = new CreditBalance({ bytes: 10, records: 10 })
        let [bytes, records] = [10, 10]
        for (const next of grants) {
          balance.raise(next.bytes, next.records)
          bytes = Math.max(bytes, next.bytes)
          records = Math.max(records, next.records)
          expect(balance.allows(bytes - 1, records - 1)).toBe(true)
          expect(balance.allows(bytes, 0)).toBe(false)
          expect(balance.allows(0, records)).toBe(false)
        }
      }),
    )
  })

  it('nothing, when nothing was allowed at first', () => {
    expect(new CreditBalance({ bytes: 0, records: 0 }).allows(0, 0)).toBe(false)
  })
})
