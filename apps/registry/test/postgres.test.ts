/** Two registries on one PostgreSQL. Run by `npm run test:postgres` with VOLTTRON_TEST_POSTGRES_URL set. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { PrismaPg } from '@prisma/adapter-pg'
import { proofContext } from '@volttron/contracts'
import { openChallenge } from '@volttron/vip'
import { PrismaClient } from '../src/generated/postgresql/client.ts'
import { removePlatform } from '../src/registry.ts'
import { listening, run } from './process-support.ts'
import { call, cleanUp, entry, keyPair, onEnd, silent, startTestRegistry, type TestRegistry } from './support.ts'

const SERVER = process.env.VOLTTRON_TEST_POSTGRES_URL
if (!SERVER)
  throw new Error(
    'set VOLTTRON_TEST_POSTGRES_URL, or run by: node scripts/with-postgres.mjs npm run test:postgres -w apps/registry',
  )

afterEach(cleanUp)

interface TestDatabase {
  readonly url: string
  readonly name: string
  /** Runs SQL as the server's owner: in this database, or beside it. */
  sql(statement: string, where?: 'inside' | 'beside'): Promise<void>
}

async function sqlOn(url: string, statement: string): Promise<void> {
  const client = new PrismaClient({ adapter: new PrismaPg(url) })
  try {
    await client.$executeRawUnsafe(statement)
  } finally {
    await client.$disconnect()
  }
}

/** A new, empty database that goes with the test. */
async function emptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const url = SERVER!.replace(/\/[^/]*$/, `/${name}`)
  await sqlOn(SERVER!, `CREATE DATABASE ${name}`)
  onEnd(() => sqlOn(SERVER!, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  return { url, name, sql: (statement, where = 'inside') => sqlOn(where === 'inside' ? url : SERVER!, statement) }
}

async function twoRegistries(): Promise<[TestRegistry, TestRegistry, TestDatabase]> {
  const database = await emptyDatabase()
  const start = () => startTestRegistry({ databaseUrl: database.url })
  const [a, b] = await Promise.all([start(), start()])
  return [a, b, database]
}

/** Ids of the list. */
const ids = async (registry: TestRegistry): Promise<string[]> =>
  (await call(registry, 'GET /platforms')).body.map(({ id }: { id: string }) => id)

describe('two registries on one PostgreSQL', () => {
  it('that start at once on an empty database both serve it', async () => {
    const [a, b] = await twoRegistries()
    expect((await call(a, 'POST /platform', { body: entry(1) })).status).toBe(201)
    expect((await call(b, 'POST /platform', { body: entry(1) })).status).toBe(200)
    expect((await call(b, 'POST /platform', { body: entry(2) })).status).toBe(201)
    expect(await ids(a)).toEqual(['platform1', 'platform2'])
    expect(await ids(b)).toEqual(['platform1', 'platform2'])
    const revision = async (registry: TestRegistry) =>
      (await call(registry, 'GET /platforms')).headers.get('Registry-Revision')
    expect(await revision(a)).toBe(await revision(b))
  })

  it('let exactly one of forty first registrations of an id win', async () => {
    const [a, b] = await twoRegistries()
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        call(n % 2 ? a : b, 'POST /platform', { body: { ...entry(n + 1), id: 'wanted' } }),
      ),
    )
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(39).fill(403)])
    expect(await ids(a)).toEqual(['wanted'])
  })

  it('let exactly one of forty platforms have an address, and one a key', async () => {
    const [a, b, database] = await twoRegistries()
    const race = (shared: object) =>
      Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          call(n % 2 ? a : b, 'POST /platform', { body: { ...entry(n + 1), ...shared } }),
        ),
      )
    const statuses = (await race({ address: 'tcp://shared' })).map(({ status }) => status)
    expect(statuses.sort()).toEqual([201, ...Array(39).fill(400)])
    const [winner] = await ids(b)
    expect(await removePlatform(winner!, { databaseUrl: database.url, logger: silent })).toBe('removed')
    const keys = (await race({ public_credentials: 'shared key of many' })).map(({ status }) => status)
    expect(keys.sort()).toEqual([201, ...Array(39).fill(400)])
  })

  it('store eighty platforms that register at once, in one order for both', async () => {
    const [a, b] = await twoRegistries()
    await Promise.all(
      Array.from({ length: 80 }, (_, n) => call(n % 2 ? a : b, 'POST /platform', { body: entry(n + 1) })),
    )
    expect(await ids(a)).toHaveLength(80)
    expect(await ids(a)).toEqual(await ids(b))
  })

  it('wake who waits at one when the other is written', async () => {
    const [a, b] = await twoRegistries()
    const since = (await call(a, 'GET /platforms')).headers.get('Registry-Revision')
    const waiting = call(a, `GET /platforms?since=${since}&wait=60`)
    await call(b, 'POST /platform', { body: entry(1) })
    expect((await waiting).body).toEqual([entry(1)])
  })

  it('take at one the answer to a challenge of the other, once', async () => {
    const [a, b] = await twoRegistries()
    await call(a, 'POST /platform', { body: entry(1) })
    const { body } = await call(a, 'POST /platform/platform1/challenge', { body: { method: 'DELETE' } })
    const context = proofContext({ challengeId: body.challenge_id, method: 'DELETE', id: 'platform1' })
    const token = openChallenge(body.sealed, keyPair(1).secretKey, context)!
    const headers = { 'Platform-Proof': `${body.challenge_id}:${token.toString('base64url')}` }
    const remove = (registry: TestRegistry) => call(registry, 'DELETE /platform/platform1', { headers })
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => remove(n % 2 ? a : b)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    await call(a, 'POST /platform', { body: entry(1) })
    expect([(await remove(a)).status, (await remove(b)).status]).toEqual([403, 403])
  })

  it('lose nothing that was confirmed when one process is killed in its writes', async () => {
    const { url } = await emptyDatabase()
    const processes = [run(['0'], { DATABASE_URL: url }), run(['0'], { DATABASE_URL: url })] as const
    const [a, b] = await Promise.all([listening(processes[0]), listening(processes[1])])
    const confirmed: string[] = []
    const write = async (registry: { url: string }, n: number) => {
      const reply = await call(registry, 'POST /platform', { body: entry(n) }).catch(() => undefined)
      if (reply?.status === 201) confirmed.push(entry(n).id)
      if (confirmed.length === 30) processes[0].child.kill('SIGKILL')
    }
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = writer + 1; n <= 160; n += 8) await write(writer % 2 ? a : b, n)
    })
    await Promise.all(writers)
    expect(await processes[0].ended).toBe('SIGKILL')
    const { body } = await call(b, 'GET /platforms')
    const stored = new Set(body.map(({ id }: { id: string }) => id))
    expect(confirmed.filter((id) => !stored.has(id))).toEqual([])
    expect(confirmed.length).toBeGreaterThanOrEqual(80)
  })

  it('see in both when a platform was last seen at one', async () => {
    const [a, b] = await twoRegistries()
    await call(a, 'POST /platform', { body: entry(1) })
    const seen = async (registry: TestRegistry) =>
      (await call(registry, 'GET /platform/platform1?view=full')).body.last_seen
    const before = await seen(b)
    await call(a, 'POST /platform', { body: entry(1) })
    await a.close()
    expect((await seen(b)) > before).toBe(true)
  })
})

describe('a registry on PostgreSQL', () => {
  it('works on when the server cut its connections', async () => {
    const [a, , database] = await twoRegistries()
    await call(a, 'POST /platform', { body: entry(1) })
    await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`,
      'beside',
    )
    let status = 0
    while (status !== 200) status = (await call(a, 'GET /readyz')).status
    expect((await call(a, 'POST /platform', { body: entry(2) })).status).toBe(201)
  })

  it('answers 503 while its database is away, and stays alive', async () => {
    const [a, , database] = await twoRegistries()
    await database.sql(`DROP DATABASE ${database.name} WITH (FORCE)`, 'beside')
    const replies = [
      await call(a, 'GET /readyz'),
      await call(a, 'GET /platforms'),
      await call(a, 'POST /platform', { body: entry(1) }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(replies[0]?.body).toEqual({ detail: 'The database does not answer; try again' })
    expect((await call(a, 'GET /healthz')).status).toBe(200)
  })

  it('refuses a database of a newer version', async () => {
    const [a, b, database] = await twoRegistries()
    await Promise.all([a.close(), b.close()])
    await database.sql(`INSERT INTO "_migrations" VALUES ('9999_later', '', '')`)
    const started = startTestRegistry({ databaseUrl: database.url })
    await expect(started).rejects.toMatchObject({ code: 'bad-data', message: expect.stringContaining('9999_later') })
  })

  it('knows no platform whose id no database can hold', async () => {
    const [a] = await twoRegistries()
    for (const request of ['GET /platform/%00', 'DELETE /platform/%00', 'GET /platform/%ED%A0%80']) {
      expect([400, 404]).toContain((await call(a, request)).status)
    }
    const challenged = await call(a, 'POST /platform/%00/challenge', { body: { method: 'DELETE' } })
    expect(challenged.status).toBe(404)
  })

  it('stores the longest texts it accepts', async () => {
    const [a] = await twoRegistries()
    const long = {
      ...entry(1),
      address: `tcp://${'🔑'.repeat(506)}`,
      public_credentials: '🔑'.repeat(512),
      group: '🔑'.repeat(128),
    }
    expect((await call(a, 'POST /platform', { body: long })).status).toBe(201)
    expect((await call(a, 'GET /platforms')).body).toEqual([long])
  })
})
