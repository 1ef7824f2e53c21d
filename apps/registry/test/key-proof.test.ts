import { afterEach, describe, expect, it } from '@jest/globals'
import { type ChallengeMethod, proofContext, type Registration, registrationSchema } from '@volttron/contracts'
import { openChallenge, type SecretKey } from '@volttron/vip'
import { removePlatform } from '../src/registry.ts'
import { call, cleanUp, entry, keyPair, type Reply, silent, startTestRegistry, type TestRegistry } from './support.ts'

afterEach(cleanUp)

interface Change {
  readonly method: ChallengeMethod
  readonly id: string
  readonly platform?: object
}

const registration = (platform: object | undefined): Registration | undefined =>
  platform && registrationSchema.parse(platform)

/** Asks for a challenge for `asked`, opens it with `secretKey`; the header's value, or undefined when it cannot be opened. */
async function prove(registry: TestRegistry, asked: Change, secretKey: SecretKey): Promise<string | undefined> {
  const { method, id, platform } = asked
  const { body } = await call(registry, `POST /platform/${id}/challenge`, { body: { method, platform } })
  const context = proofContext({ challengeId: body.challenge_id, method, id, platform: registration(platform) })
  const token = openChallenge(body.sealed, secretKey, context)
  return token && `${body.challenge_id}:${token.toString('base64url')}`
}

function send(registry: TestRegistry, { method, id, platform }: Change, proof?: string): Promise<Reply> {
  const path = method === 'POST' ? '/platform' : `/platform/${id}`
  return call(registry, `${method} ${path}`, { body: platform, ...(proof && { headers: { 'Platform-Proof': proof } }) })
}

async function registered(): Promise<TestRegistry> {
  const registry = await startTestRegistry()
  await call(registry, 'POST /platform', { body: entry(1) })
  return registry
}

const owner = keyPair(1).secretKey
const moved = { ...entry(1), address: 'tcp://moved:22916' }
const rotated = { ...entry(1), public_credentials: keyPair(7).publicKey }

describe('an existing entry', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)(
    'does not change by %s without proof, and is told how',
    async (method) => {
      const registry = await registered()
      const platform = method === 'DELETE' ? {} : { platform: moved }
      const reply = await send(registry, { method, id: 'platform1', ...platform })
      expect(reply.status).toBe(403)
      expect(reply.body.detail).toContain('POST /platform/platform1/challenge')
      expect((await call(registry, 'GET /platforms')).body).toEqual([entry(1)])
    },
  )

  it.each(['POST', 'PUT'] as const)('moves by %s with proof of its key', async (method) => {
    const registry = await registered()
    const change = { method, id: 'platform1', platform: moved }
    const reply = await send(registry, change, await prove(registry, change, owner))
    expect(reply.status).toBe(201)
    const { body } = await call(registry, 'GET /platform/platform1?view=full')
    expect(body).toMatchObject({ address: 'tcp://moved:22916', proven: 'none', previous_keys: [] })
  })

  it('goes with proof of its key', async () => {
    const registry = await registered()
    const change = { method: 'DELETE', id: 'platform1' } as const
    const reply = await send(registry, change, await prove(registry, change, owner))
    expect([reply.status, reply.body]).toEqual([200, { message: "Platform 'platform1' deleted successfully" }])
    expect((await call(registry, 'DELETE /platform/platform1')).status).toBe(404)
  })

  it('takes a new key with proof of the old one, and shows the chain', async () => {
    const registry = await registered()
    const change = { method: 'POST', id: 'platform1', platform: rotated } as const
    expect((await send(registry, change, await prove(registry, change, owner))).status).toBe(201)
    const { body } = await call(registry, 'GET /platform/platform1?view=full')
    expect(body).toMatchObject({
      public_credentials: keyPair(7).publicKey,
      proven: 'old-key',
      previous_keys: [{ public_credentials: keyPair(1).publicKey, proven: 'old-key' }],
    })
    const back = { method: 'POST', id: 'platform1', platform: entry(1) } as const
    expect(await prove(registry, back, owner)).toBeUndefined()
    expect((await send(registry, back, await prove(registry, back, keyPair(7).secretKey))).status).toBe(201)
  })

  it('still refuses an address of another platform', async () => {
    const registry = await registered()
    await call(registry, 'POST /platform', { body: entry(2) })
    const change = { method: 'PUT', id: 'platform1', platform: { ...entry(1), address: entry(2).address } } as const
    expect((await send(registry, change, await prove(registry, change, owner))).status).toBe(400)
  })

  it('whose credential is no CURVE key cannot be proven', async () => {
    const registry = await startTestRegistry()
    await call(registry, 'POST /platform', { body: { ...entry(1), public_credentials: 'x'.repeat(20) } })
    const reply = await call(registry, 'POST /platform/platform1/challenge', { body: { method: 'DELETE' } })
    expect([reply.status, reply.body.detail]).toEqual([409, expect.stringContaining('no CURVE key')])
  })

  it('goes by the operator while the registry runs', async () => {
    const registry = await registered()
    const place = { home: registry.home, databaseUrl: '', logger: silent }
    expect(await removePlatform('platform1', place)).toBe('removed')
    expect(await removePlatform('platform1', place)).toBe('not-found')
    expect((await call(registry, 'GET /platforms')).body).toEqual([])
  })
})

describe('a proof', () => {
  it('serves once', async () => {
    const registry = await registered()
    const away = { method: 'POST', id: 'platform1', platform: moved } as const
    const proof = await prove(registry, away, owner)
    expect((await send(registry, away, proof)).status).toBe(201)
    const back = { method: 'POST', id: 'platform1', platform: entry(1) } as const
    expect((await send(registry, back, await prove(registry, back, owner))).status).toBe(201)
    expect((await send(registry, away, proof)).status).toBe(403)
  })

  it('sent twenty times at once serves once', async () => {
    const registry = await registered()
    const change = { method: 'DELETE', id: 'platform1' } as const
    const proof = await prove(registry, change, owner)
    const replies = await Promise.all(Array.from({ length: 20 }, () => send(registry, change, proof)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('cannot be made with another key', async () => {
    const registry = await registered()
    expect(await prove(registry, { method: 'DELETE', id: 'platform1' }, keyPair(2).secretKey)).toBeUndefined()
  })

  it('serves no other data, method or platform than it was asked for', async () => {
    const registry = await registered()
    await call(registry, 'POST /platform', { body: { ...entry(2) } })
    const asked = { method: 'POST', id: 'platform1', platform: moved } as const
    const fresh = () => prove(registry, asked, owner)
    expect(
      (await send(registry, { ...asked, platform: { ...moved, address: 'tcp://elsewhere' } }, await fresh())).status,
    ).toBe(403)
    expect((await send(registry, { ...asked, platform: rotated }, await fresh())).status).toBe(403)
    expect((await send(registry, { ...asked, method: 'PUT' }, await fresh())).status).toBe(403)
    expect((await send(registry, { method: 'DELETE', id: 'platform1' }, await fresh())).status).toBe(403)
    expect((await send(registry, { method: 'DELETE', id: 'platform2' }, await fresh())).status).toBe(403)
  })

  it.each([
    '',
    'x',
    'a:b',
    `${'0'.repeat(9)}.${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `zzzzzzzzz.AAAAAAAAAAAAAAAAAAAAAA:${'A'.repeat(43)}`,
  ])('that is made up (%p) is refused', async (proof) => {
    const registry = await registered()
    expect((await send(registry, { method: 'DELETE', id: 'platform1' }, proof)).status).toBe(403)
  })

  it('is not needed for a challenge of an unknown platform, which is 404', async () => {
    const registry = await registered()
    expect((await call(registry, 'POST /platform/nobody/challenge', { body: { method: 'DELETE' } })).status).toBe(404)
    const mixed = await call(registry, 'POST /platform/platform1/challenge', {
      body: { method: 'DELETE', platform: entry(1) },
    })
    expect(mixed.status).toBe(422)
  })
})
