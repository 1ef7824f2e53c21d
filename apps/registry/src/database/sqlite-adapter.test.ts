import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { PrismaClient } from '../generated/sqlite/client.ts'
import { migrate } from './migrate.ts'
import { sqliteAdapter } from './sqlite-adapter.ts'

let folder: string
let client: PrismaClient

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-adapter-'))
  client = new PrismaClient({ adapter: sqliteAdapter(join(folder, 'test.db')) })
  await migrate(client, 'sqlite')
})

afterEach(async () => {
  await client.$disconnect()
  await rm(folder, { recursive: true, force: true })
})

const increment = (reader: Pick<PrismaClient, 'revision'>) =>
  reader.revision.update({ where: { id: 1 }, data: { value: { increment: 1 } } })
const value = async () => (await client.revision.findUniqueOrThrow({ where: { id: 1 } })).value

describe('the SQLite connection', () => {
  it('serves transactions and single statements one after the other, and loses none', async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? client.$transaction(increment) : increment(client))),
    )
    expect(await value()).toBe(100n)
  })

  it('opens no file per transaction', async () => {
    const openFiles = () => readdirSync('/dev/fd').length
    await client.$transaction(increment)
    const before = openFiles()
    for (let n = 0; n < 100; n++) await client.$transaction(increment)
    expect(openFiles()).toBeLessThan(before + 20)
  })

  it('goes on after a transaction that gave up waiting for its turn', async () => {
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    let long: Promise<void> = Promise.resolve()
    await new Promise<void>((holding) => {
      long = client.$transaction(async (transaction) => {
        await increment(transaction)
        holding()
        await ended
      })
    })
    await expect(client.$transaction(increment, { maxWait: 20 })).rejects.toMatchObject({ code: 'P2028' })
    end()
    await long
    await client.$transaction(increment)
    expect(await value()).toBe(2n)
  })

  it('takes nothing of a transaction that failed, and goes on', async () => {
    const failing = client.$transaction(async (transaction) => {
      await increment(transaction)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect(await value()).toBe(0n)
    await client.$transaction(increment)
    expect(await value()).toBe(1n)
  })
})

describe('the migrations', () => {
  it('run once, and make every table and column of the schema', async () => {
    await migrate(client, 'sqlite')
    expect(await client.migration.findMany()).toHaveLength(1)
    const columns = {
      address: 'a',
      publicCredentials: 'k',
      group: 'g',
      dialOnly: false,
      proven: 'none',
      previousKeys: '[]',
    }
    const times = { createdAt: '', updatedAt: '', lastSeen: '', createdRevision: 1n }
    await client.platform.create({ data: { id: 'p', ...columns, ...times } })
    await client.usedChallenge.create({ data: { id: 'c', expiresAtMs: 1n } })
    expect(await client.platform.findMany()).toEqual([{ id: 'p', ...columns, ...times }])
  })

  it.each([
    ['that this version does not know', { name: '9999_later', sha256: '', appliedAt: '' }],
    ['that was edited', undefined],
  ])('refuse a database with one %s', async (_what, later) => {
    if (later) await client.migration.create({ data: later })
    else await client.migration.updateMany({ data: { sha256: 'other' } })
    await expect(migrate(client, 'sqlite')).rejects.toMatchObject({ code: 'bad-data' })
  })
})
