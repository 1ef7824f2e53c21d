import { describe, expect, it } from '@jest/globals'
import type { PublicKey } from '@volttron/vip'
import fc from 'fast-check'
import { KeyRequests, type KeyRequestsOptions } from './key-requests.ts'

const keyOf = (name: string | number) => `key-${name}` as PublicKey

function requests(limits: Partial<KeyRequestsOptions> = {}): KeyRequests {
  let last = 0
  return new KeyRequests({ newId: () => `id-${++last}`, ...limits })
}

describe('requests of unknown keys', () => {
  it('are listed once, with the number of retries', () => {
    const all = requests()
    expect(all.knock(keyOf('a'), '10.0.0.1')).toBe(true)
    expect(all.knock(keyOf('a'), '10.0.0.2')).toBe(false)
    expect(all.pending).toEqual([
      { domain: 'vip', address: '10.0.0.1', mechanism: 'CURVE', credentials: 'key-a', user_id: 'id-1', retries: 1 },
    ])
    expect(all.find('id-1')).toMatchObject({ status: 'PENDING' })
    expect(all.find('id-2')).toBeUndefined()
  })

  it('are decided, decided otherwise, and forgotten', () => {
    const all = requests()
    all.knock(keyOf('a'), 'x')
    all.approve(all.find('id-1')!, 'listener')
    expect(all.approvalOf(keyOf('a'))).toMatchObject({ identity: 'listener', user_id: 'id-1' })
    expect(all.pending).toEqual([])
    all.deny(all.find('id-1')!)
    expect(all.isDenied(keyOf('a'))).toBe(true)
    expect(all.approvalOf(keyOf('a'))).toBeUndefined()
    expect(Object.keys(all.denied[0]!)).not.toContain('identity')
    const later = new KeyRequests({ newId: () => 'new' }, all.decisions)
    expect(later.find('id-1')).toMatchObject({ status: 'DENIED' })
    later.forget(keyOf('a'))
    expect(later.find('id-1')).toBeUndefined()
  })

  it('never outgrow their bounds, and one address never crowds out another', () => {
    const knock = fc.tuple(fc.nat(60), fc.constantFrom('flood', 'flood', 'flood', 'b', 'c', 'd'))
    fc.assert(
      fc.property(fc.array(knock, { maxLength: 200 }), (knocks) => {
        const all = requests({ maxPending: 6, maxPendingPerAddress: 3 })
        for (const [key, address] of knocks) {
          const before = all.pending
          const isNew = all.knock(keyOf(`${key}-${address}`), address)
          const count = (from: string, list = all.pending) => list.filter((one) => one.address === from).length
          expect(all.pending.length).toBeLessThanOrEqual(6)
          expect(count(address)).toBeLessThanOrEqual(3)
          for (const other of ['flood', 'b', 'c', 'd']) {
            // Others lose an entry only while nobody has more than they.
            if (other === address || count(other) === count(other, before)) continue
            expect(isNew).toBe(true)
            for (const another of ['flood', 'b', 'c', 'd'])
              expect(count(another, before)).toBeLessThanOrEqual(count(other, before))
          }
        }
      }),
    )
  })
})
