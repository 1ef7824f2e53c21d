import { describe, expect, it } from '@jest/globals'
import { Credentials } from './credentials.ts'
import { generateKeyPair } from './file-credential-store.ts'

const key = () => generateKeyPair().publicKey

describe('Credentials', () => {
  it('finds the identity of a key and the keys of an identity, several during a rotation', () => {
    const credentials = new Credentials()
    const [present, previous] = [key(), key()]
    expect(credentials.set('listener', [present, previous])).toEqual([])
    expect(credentials.identityOf(present)).toBe('listener')
    expect(credentials.identityOf(previous)).toBe('listener')
    expect(credentials.keysOf('listener')).toEqual([present, previous])
    expect([...credentials.identities()]).toEqual(['listener'])
  })

  it('forgets the keys it no longer has, and says which', () => {
    const credentials = new Credentials()
    const [old, fresh] = [key(), key()]
    credentials.set('a', [old])
    const { version } = credentials
    credentials.set('a', [fresh])
    expect(credentials.version).toBeGreaterThan(version)
    expect(credentials.identityOf(old)).toBeUndefined()
    expect(credentials.remove('a')).toEqual([fresh])
    expect(credentials.identityOf(fresh)).toBeUndefined()
    expect(credentials.remove('a')).toEqual([])
  })

  it('never gives a key of one identity to another', () => {
    const credentials = new Credentials()
    const [shared, own] = [key(), key()]
    credentials.set('platform.control', [shared])
    expect(credentials.set('intruder', [shared, own])).toEqual([shared])
    expect(credentials.identityOf(shared)).toBe('platform.control')
    expect(credentials.keysOf('intruder')).toEqual([own])
  })
})
