import { describe, expect, it } from '@jest/globals'
import { keyPairFromSecret } from '@volttron/vip'
import fc from 'fast-check'
import { type EntryDetails, isKeyChangeProven, readEntries } from './platform-entry.ts'

const key = (n: number): string => keyPairFromSecret(Buffer.alloc(32, n)).publicKey
const previous = (n: number, proven: 'none' | 'old-key' | 'password') => ({
  public_credentials: key(n),
  proven,
  replaced_at: 'then',
})

function changed(details: Partial<EntryDetails> | undefined, pinned: string): boolean {
  const full: EntryDetails = {
    created_at: '',
    updated_at: '',
    last_seen: '',
    dial_only: false,
    proven: 'none',
    previous_keys: [],
    ...details,
  }
  const entry = { id: 'a', address: 'tcp://a', public_credentials: key(9), group: 'g' }
  return isKeyChangeProven({ ...entry, details: details === undefined ? undefined : full }, pinned)
}

describe('a changed key', () => {
  it('is proven when an unbroken chain leads to the pinned one, in any spelling', () => {
    const chain: Partial<EntryDetails> = {
      proven: 'old-key',
      previous_keys: [previous(3, 'old-key'), previous(2, 'old-key')],
    }
    expect(changed(chain, key(2))).toBe(true)
    expect(changed(chain, Buffer.from(key(2), 'base64url').toString('hex'))).toBe(true)
    expect(changed(chain, key(1))).toBe(false)
    expect(changed(chain, 'no key')).toBe(false)
  })

  it('is proven by the password, now or on the way', () => {
    expect(changed({ proven: 'password' }, key(1))).toBe(true)
    expect(
      changed({ proven: 'old-key', previous_keys: [previous(3, 'old-key'), previous(2, 'password')] }, key(1)),
    ).toBe(true)
  })

  it('is not proven when the entry is new, the chain broken, or the registry silent', () => {
    expect(changed({ proven: 'none' }, key(1))).toBe(false)
    expect(changed({ proven: 'old-key', previous_keys: [previous(3, 'none'), previous(1, 'old-key')] }, key(1))).toBe(
      false,
    )
    expect(changed(undefined, key(1))).toBe(false)
  })
})

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
