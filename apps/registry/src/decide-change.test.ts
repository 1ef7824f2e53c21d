import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decideChange } from './decide-change.ts'

const registration = fc.record({
  id: fc.constantFrom('a', 'b'),
  address: fc.constantFrom('tcp://a', 'tcp://b'),
  public_credentials: fc.constantFrom('key-a', 'key-b'),
  group: fc.constantFrom('g', 'h'),
  dial_only: fc.boolean(),
})
const owner = fc.constantFrom(undefined, 'a', 'b', 'c')
const method = fc.constantFrom('POST' as const, 'PUT' as const)

describe('what becomes of a registration', () => {
  it('never changes an existing entry without a voucher', () => {
    fc.assert(
      fc.property(
        method,
        registration,
        registration,
        owner,
        owner,
        (how, current, wanted, addressOwner, credentialsOwner) => {
          const stored = { current: { ...current, id: wanted.id }, addressOwner, credentialsOwner }
          expect(['unchanged', 'denied']).toContain(decideChange(how, stored, wanted, 'none').kind)
        },
      ),
    )
  })

  it('never gives an address or key of another platform away, whoever vouches', () => {
    fc.assert(
      fc.property(method, registration, fc.option(registration), (how, wanted, current) => {
        const stored = {
          current: current ? { ...current, id: wanted.id } : undefined,
          addressOwner: 'c',
          credentialsOwner: 'c',
        }
        expect(['create', 'update']).not.toContain(decideChange(how, stored, wanted, 'password').kind)
      }),
    )
  })

  it('creates by POST only', () => {
    const wanted = { id: 'a', address: 'tcp://a', public_credentials: 'key', group: 'g', dial_only: false }
    const nothing = { current: undefined, addressOwner: undefined, credentialsOwner: undefined }
    expect(decideChange('POST', nothing, wanted, 'none')).toEqual({ kind: 'create' })
    expect(decideChange('PUT', nothing, wanted, 'none')).toEqual({ kind: 'not-found' })
  })
})
