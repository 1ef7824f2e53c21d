import { describe, expect, it } from '@jest/globals'
import { keyPairFromSecret, type PublicKey, parsePublicKey } from '@volttron/vip'
import fc from 'fast-check'
import { type OwnEntry, PeerBook, PeerLimits, type PeerRules } from './peer-book.ts'

const key = (seed: number): PublicKey => keyPairFromSecret(Buffer.alloc(32, seed)).publicKey
const own: OwnEntry = { address: 'tcp://self.test:22916', key: key(200), group: 'default', dialOnly: false }
const self = {
  id: 'self',
  address: own.address,
  public_credentials: own.key,
  group: 'default',
  created_at: 'run-1',
} as const
const entry = (id: string, seed: number, more: object = {}) => ({
  id,
  address: `tcp://${id}.test:22916`,
  public_credentials: key(seed) as string,
  group: 'default',
  ...more,
})

function book(rules: Partial<PeerRules> = {}): PeerBook {
  return new PeerBook({ ownName: 'self', ownAddresses: [own.address], trust: 'registry', ...rules }, 'boot')
}

const names = (from: PeerBook) => [...from.platforms()].map(({ name }) => name)
const reasons = (from: PeerBook, ...entries: unknown[]) =>
  from.read([self, ...entries], own).refused.map(({ reason }) => reason)

describe('PeerBook', () => {
  it('takes up the platforms of a list, itself left out', () => {
    const peers = book()
    expect(peers.read([self, entry('a', 1), entry('b', 2)], own)).toMatchObject({
      own: 'same',
      changes: [{ kind: 'added' }, { kind: 'added' }],
      refusedCount: 0,
    })
    expect(names(peers)).toEqual(['a', 'b'])
    expect(peers.read([self, entry('a', 1), entry('b', 2)], own).changes).toEqual([])
  })

  it('says what the registry has of us', () => {
    expect(book().read([], own).own).toBe('missing')
    expect(book().read([{ ...self, address: 'tcp://old:1' }], own).own).toBe('differs')
    expect(book().read([{ ...self, public_credentials: key(9) }], own).own).toBe('other-key')
  })

  it.each([
    [null, 'not-an-entry'],
    [entry('../x', 1), 'bad-name'],
    [entry('platform.auth', 1), 'bad-name'],
    [entry('123', 1), 'bad-name'],
    [entry('a\n', 1), 'bad-name'],
    [{ ...entry('a', 1), id: 'x'.repeat(10_000_000) }, 'bad-name'],
    [entry('a', 1, { address: 'ipc:///etc/passwd' }), 'bad-address'],
    [entry('a', 1, { address: 'tcp://0.0.0.0:22916' }), 'bad-address'],
    [entry('a', 1, { address: 'tcp://a:0' }), 'bad-address'],
    [entry('a', 1, { address: `tcp://${'a'.repeat(1_000)}:1` }), 'bad-address'],
    [entry('a', 1, { group: 'x\u001b[2J' }), 'bad-group'],
    [entry('a', 1, { public_credentials: 7 }), 'bad-credentials'],
    [entry('a', 200), 'own-key'],
    [entry('a', 1, { address: own.address }), 'own-address'],
  ])('refuses and counts a hostile entry (%#)', (hostile, reason) => {
    const peers = book()
    expect(reasons(peers, hostile, entry('good', 3))).toEqual([reason])
    expect(names(peers)).toEqual(['good'])
  })

  it('refuses a second entry with a name or a key that another one has', () => {
    const peers = book()
    expect(reasons(peers, entry('a', 1), entry('a', 2), entry('b', 1))).toEqual(['duplicate-name', 'duplicate-key'])
    expect(peers.get('a')?.key).toBe(key(1))
  })

  it('follows a platform that took another name with its key', () => {
    const peers = book()
    peers.read([self, entry('a', 1)], own)
    expect(peers.read([self, entry('b', 1)], own).changes.map(({ kind }) => kind)).toEqual(['removed', 'added'])
  })

  it('shows a credential that is no CURVE key, and takes the key once there is one', () => {
    const peers = book()
    peers.read([self, entry('a', 1, { public_credentials: '7Dkj4a...vB3Mm==' })], own)
    expect(peers.get('a')).toMatchObject({ key: undefined, invalidKey: true })
    peers.read([self, entry('a', 1)], own)
    expect(peers.get('a')).toMatchObject({ key: key(1), invalidKey: false })
  })

  it('takes a changed key only with an unbroken proof', () => {
    const changed = (proven: string, ...previous: [number, string][]) => {
      const peers = book()
      peers.read([self, entry('a', 1)], own)
      const previous_keys = previous.map(([seed, how]) => ({ public_credentials: key(seed), proven: how }))
      peers.read([self, entry('a', 2, { proven, previous_keys })], own)
      return peers.get('a')!
    }
    expect(changed('old-key', [1, 'old-key']).key).toBe(key(2))
    expect(changed('old-key', [3, 'old-key'], [1, 'old-key']).key).toBe(key(2))
    expect(changed('password').key).toBe(key(2))
    for (const held of [
      changed('none'),
      changed('old-key'),
      changed('old-key', [3, 'old-key']),
      changed('old-key', [3, 'old-key'], [1, 'none']),
    ])
      expect(held).toMatchObject({ key: key(1), candidate: key(2), credentials: key(1) })
  })

  it('lets an operator accept a changed key', () => {
    const peers = book()
    peers.read([self, entry('a', 1)], own)
    expect(peers.accept('a')).toBeUndefined()
    peers.read([self, entry('a', 2)], own)
    expect(peers.accept('a')).toMatchObject({ key: key(2), candidate: undefined })
    expect(peers.read([self, entry('a', 2)], own).changes).toEqual([])
  })

  it('never lets a platform take the key of another, proof or not', () => {
    const peers = book()
    peers.read([self, entry('a', 1), entry('b', 2)], own)
    expect(reasons(peers, entry('a', 2, { proven: 'password' }), entry('b', 2))).toEqual(['duplicate-key'])
    expect(peers.get('a')?.key).toBe(key(1))
  })

  it('removes who left the registry', () => {
    const peers = book()
    peers.read([self, entry('a', 1), entry('b', 2)], own)
    expect(peers.read([self, entry('b', 2)], own).changes).toMatchObject([{ kind: 'removed', platform: { name: 'a' } }])
  })

  it('removes nobody when the registry has lost its data, us among it, even after we are back in', () => {
    const peers = book()
    peers.read([self, entry('a', 1), entry('b', 2)], own)
    const anew = { ...self, created_at: 'run-2' }
    for (const list of [[], [entry('b', 2)], [anew], [anew, entry('b', 2)]]) {
      expect(peers.read(list, own).changes.filter(({ kind }) => kind === 'removed')).toEqual([])
    }
    peers.read([anew, entry('a', 1), entry('b', 2)], own)
    expect(peers.read([anew, entry('b', 2)], own).changes).toMatchObject([{ kind: 'removed' }])
  })

  it('does the same with a registry that tells no times', () => {
    const peers = book()
    const { created_at: _, ...classic } = self
    peers.read([classic, entry('a', 1)], own)
    peers.read([], own)
    expect(peers.read([classic], own).changes).toEqual([])
    peers.read([classic, entry('a', 1)], own)
    expect(peers.read([classic], own).changes).toMatchObject([{ kind: 'removed' }])
  })

  it('removes nobody on a list that was not read to its end, or whose entry is merely bad', () => {
    const peers = book()
    peers.read([self, entry('a', 1)], own)
    expect(peers.read([self], own, false).changes).toEqual([])
    expect(peers.read([self, entry('a', 1, { address: 'nonsense://' })], own).changes).toEqual([])
    expect(peers.get('a')?.address).toBe('tcp://a.test:22916')
  })

  it('federates with its own group only when it was given one', () => {
    const list = [self, entry('a', 1), entry('b', 2, { group: 'north' })]
    const all = book()
    all.read(list, own)
    expect(names(all)).toEqual(['a', 'b'])
    const north = book({ onlyGroup: 'north' })
    expect(north.read(list, own).ignored).toEqual({ group: 1, name: 0, removed: 0 })
    expect(names(north)).toEqual(['b'])
    const moved = north.read([self, entry('b', 2, { group: 'south' })], own)
    expect(moved.changes).toMatchObject([{ kind: 'removed' }])
  })

  it('federates with the allowed names only', () => {
    const peers = book({ allow: ['b'] })
    peers.read([self, entry('a', 1), entry('b', 2)], own)
    expect(names(peers)).toEqual(['b'])
  })

  it('in the mode listed trusts no key from the registry until it is accepted', () => {
    const peers = book({ trust: 'listed' })
    peers.read([self, entry('a', 1)], own)
    expect(peers.get('a')).toMatchObject({ key: undefined, candidate: key(1) })
    peers.accept('a')
    peers.read([self, entry('a', 2, { proven: 'password' })], own)
    expect(peers.get('a')).toMatchObject({ key: key(1), candidate: key(2) })
  })

  it('keeps a removed platform out until it leaves the registry or is taken back', () => {
    const peers = book()
    const list = [self, entry('a', 1)]
    peers.read(list, own)
    expect(peers.remove('a')?.name).toBe('a')
    expect(peers.read(list, own)).toMatchObject({ changes: [], ignored: { removed: 1 } })
    peers.read([self], own)
    expect(peers.read(list, own).changes).toMatchObject([{ kind: 'added' }])
  })

  it('knows a dial-only platform even when the registry does not say so', () => {
    const peers = book()
    peers.read([self, entry('a', 1, { address: 'tcp://a.invalid:22916' })], own)
    expect(peers.get('a')?.dialOnly).toBe(true)
  })

  it('holds 10,000 platforms and reads 100,000 entries at most', () => {
    const many = Array.from({ length: PeerLimits.listEntries + 5 }, (_, at) => ({
      id: `p-${at}`,
      address: `tcp://h${at}:1`,
      public_credentials: Buffer.from(`${at}`.padStart(32, '0')).toString('base64url'),
    }))
    expect(parsePublicKey(many[0]!.public_credentials)).toBeDefined()
    const peers = book()
    const reading = peers.read([self, ...many], own)
    expect(peers.size).toBe(PeerLimits.platforms)
    expect(reading.refusedCount).toBe(PeerLimits.listEntries + 6 - 1 - PeerLimits.platforms)
    expect(reading.refused).toHaveLength(PeerLimits.refusalsShown)
  })

  it('survives any list', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.anything(), fc.record({ id: fc.string(), address: fc.anything() }))), (list) => {
        const peers = book()
        peers.read([self, ...list, entry('good', 1)], own)
        expect(peers.get('good')).toBeDefined()
      }),
    )
  })
})
