/**
 * Brings the tables up to date: applies the migrations of `prisma/migrations` that the table `_migrations` does not list,
 * in order, in one transaction. Several processes may start at once on one database; one applies, the others wait.
 */
import { randomBytes } from 'node:crypto'
import { VolttronError } from '@volttron/vip'
import { migrations } from '../generated/migrations.ts'
import { timestamp } from '../timestamp.ts'
import type { Client, TransactionClient } from './client.ts'

interface MigrationSource {
  readonly name: string
  readonly sha256: string
  readonly statements: readonly string[]
}

/** Any number no other program uses for an advisory lock of PostgreSQL. */
const ADVISORY_LOCK = 760_022_916

const CREATE_LIST =
  'CREATE TABLE IF NOT EXISTS "_migrations" ("name" TEXT NOT NULL PRIMARY KEY, "sha256" TEXT NOT NULL, "applied_at" TEXT NOT NULL)'

/**
 * @throws VolttronError `bad-data` when the database was made by a newer program, or an applied migration was edited
 */
export async function migrate(client: Client, provider: keyof typeof migrations): Promise<void> {
  const known: readonly MigrationSource[] = migrations[provider]
  await client.$transaction(async (transaction) => {
    // SQLite transactions are exclusive from their start (see sqlite-adapter.ts); PostgreSQL needs a lock.
    if (provider === 'postgresql') {
      await transaction.$executeRawUnsafe(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`)
    }
    await transaction.$executeRawUnsafe(CREATE_LIST)
    for (const migration of await pending(transaction, known)) {
      for (const statement of migration.statements) await transaction.$executeRawUnsafe(statement)
      const { name, sha256 } = migration
      await transaction.migration.create({ data: { name, sha256, appliedAt: timestamp() } })
    }
    await transaction.revision.upsert({
      where: { id: 1 },
      update: {},
      create: {
        id: 1,
        value: 0n,
        epoch: randomBytes(6).toString('hex'),
        secret: randomBytes(32).toString('base64url'),
      },
    })
  })
}

async function pending(client: TransactionClient, known: readonly MigrationSource[]): Promise<MigrationSource[]> {
  const applied = await client.migration.findMany()
  for (const { name, sha256 } of applied) {
    const source = known.find((migration) => migration.name === name)
    if (source === undefined) {
      throw new VolttronError(
        'bad-data',
        `the database holds the migration '${name}', which this version does not know`,
        {
          hint: 'a newer version made it; run that version, or use another database',
        },
      )
    }
    if (source.sha256 !== sha256) {
      throw new VolttronError('bad-data', `the migration '${name}' differs from the one the database was made with`)
    }
  }
  return known.filter((migration) => !applied.some(({ name }) => name === migration.name))
}
