/** The client against the registry. Its answers to everything else are tested in packages/registry-client. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { RegistryClient, type RegistryClientOptions } from '@volttron/registry-client'
import {
  cleanUp,
  dialOnlyEntry,
  entry,
  fixture,
  keyPair,
  onEnd,
  startTestRegistry,
  temporaryFolder,
} from './support.ts'

afterEach(cleanUp)

function clientOf(registry: { url: string }, options: Partial<RegistryClientOptions> = {}): RegistryClient {
  const client = new RegistryClient({ url: registry.url, ...options })
  onEnd(() => client.close())
  return client
}

const proofOf = (n: number) => ({ secretKey: keyPair(n).secretKey })

describe('the client of a registry', () => {
  it('registers, says again that it is here, and removes itself', async () => {
    const client = clientOf(await startTestRegistry())
    expect(await client.register(entry(1))).toEqual({ kind: 'created' })
    expect(await client.register(entry(1))).toEqual({ kind: 'unchanged' })
    expect(await client.remove('platform1')).toMatchObject({ kind: 'taken', reason: 'not-proven' })
    expect(await client.remove('platform1', proofOf(1))).toEqual({ kind: 'removed' })
    expect(await client.remove('platform1', proofOf(1))).toEqual({ kind: 'not-found' })
  })

  it('moves with its key, and nobody else can move it', async () => {
    const client = clientOf(await startTestRegistry())
    await client.register(entry(1))
    const moved = { ...entry(1), address: 'tcp://moved:22916' }
    expect(await client.register(moved)).toMatchObject({ kind: 'taken', reason: 'not-proven' })
    expect(await client.register({ ...moved, public_credentials: keyPair(2).publicKey }, proofOf(2))).toMatchObject({
      kind: 'taken',
      reason: 'registry-holds-another-key',
      detail: "the registry holds another key for 'platform1'",
    })
    expect(await client.register(moved, proofOf(1))).toEqual({ kind: 'updated' })
  })

  it('renews its key with the former one, which peers that pinned that see as proven', async () => {
    const client = clientOf(await startTestRegistry())
    await client.register(entry(1))
    for (const n of [2, 3]) {
      const renewed = { ...entry(1), public_credentials: keyPair(n).publicKey }
      const proof = { secretKey: keyPair(n).secretKey, formerSecretKeys: [keyPair(n - 1).secretKey] }
      expect(await client.register(renewed, proof)).toEqual({ kind: 'updated' })
    }
    const found = await client.get('platform1')
    if (found.kind !== 'found') throw new Error(found.kind)
    // An unbroken chain from the first key to the present one.
    expect(found.platform.details).toMatchObject({
      proven: 'old-key',
      previous_keys: [
        { public_credentials: keyPair(2).publicKey, proven: 'old-key' },
        { public_credentials: keyPair(1).publicKey, proven: 'old-key' },
      ],
    })
  })

  it('tells a duplicate from bad data', async () => {
    const client = clientOf(await startTestRegistry())
    await client.register(entry(1))
    const duplicate = await client.register({ ...entry(1), id: 'other' })
    expect(duplicate).toEqual({
      kind: 'duplicate',
      detail: "Platform with address 'tcp://10.0.0.1:22916' already exists",
    })
    const invalid = await client.register({ ...entry(2), id: '123' })
    expect(invalid).toMatchObject({ kind: 'invalid', detail: expect.stringContaining('id: an instance name') })
  })

  it('lists everything with details, by group, and again when something changes', async () => {
    const registry = await startTestRegistry()
    const client = clientOf(registry)
    await client.register(dialOnlyEntry(1))
    await client.register({ ...entry(2), group: 'west' })
    const all = await client.list()
    if (all.kind !== 'list') throw new Error(all.kind)
    expect(all.platforms.map(({ id, details }) => [id, details?.dial_only])).toEqual([
      ['platform1', true],
      ['platform2', false],
    ])
    expect(await client.list({ group: 'west' })).toMatchObject({ platforms: [{ id: 'platform2' }] })
    expect(await client.list({ view: 'brief' })).toMatchObject({ platforms: [{ id: 'platform2', details: undefined }] })
    expect(await client.list({ since: all.revision, waitSeconds: 0.05 })).toEqual({
      kind: 'unchanged',
      revision: all.revision,
    })
    const waiting = client.list({ since: all.revision, waitSeconds: 30 })
    await clientOf(registry).register(entry(3))
    expect(await waiting).toMatchObject({ kind: 'list', platforms: [{}, {}, { id: 'platform3' }] })
  })

  it('reads and writes with the password, and reads with its own key', async () => {
    const file = join(await temporaryFolder(), 'password')
    await writeFile(file, 'sésame')
    const registry = await startTestRegistry({ registrationPasswordFile: file })
    expect(await clientOf(registry).list()).toMatchObject({ kind: 'unauthorized' })
    expect(await clientOf(registry).register(entry(1))).toMatchObject({ kind: 'unauthorized' })
    const member = clientOf(registry, { password: 'sésame' })
    expect(await member.register(entry(1))).toEqual({ kind: 'created' })
    expect(await member.register({ ...entry(1), group: 'west' })).toEqual({ kind: 'updated' })
    expect(await clientOf(registry, { platformCredentials: keyPair(1).publicKey }).list()).toMatchObject({
      kind: 'list',
    })
    expect(await clientOf(registry, { password: 'wrong' }).list()).toMatchObject({ kind: 'unauthorized' })
  })

  it('speaks TLS with a given authority, and refuses one it does not know', async () => {
    const registry = await startTestRegistry({
      tlsCertFile: fixture('tls-cert.pem'),
      tlsKeyFile: fixture('tls-key.pem'),
    })
    expect(registry.url).toMatch(/^https:/)
    const ca = await readFile(fixture('tls-cert.pem'), 'utf8')
    expect(await clientOf(registry, { ca }).register(entry(1))).toEqual({ kind: 'created' })
    expect(await clientOf(registry).list()).toMatchObject({ kind: 'tls' })
    const plain = { url: registry.url.replace('https', 'http') }
    expect((await clientOf(plain).list()).kind).toMatch(/unreachable|not-a-registry/)
  })

  it('sees a registry that limits it, and one that is gone', async () => {
    const registry = await startTestRegistry({ rateLimitPerMinute: 1 })
    const client = clientOf(registry)
    await client.list()
    expect(await client.list()).toMatchObject({ kind: 'rate-limited', retryAfterSeconds: expect.any(Number) })
    await registry.close()
    expect(await client.list()).toMatchObject({ kind: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') })
  })
})
