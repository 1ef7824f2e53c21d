/** Opens the registry's database: a SQLite file in its home, or PostgreSQL. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { makeFolder } from '@volttron/config'
import type { Logger } from '@volttron/observe'
import { describeError, VolttronError } from '@volttron/vip'
import { PrismaClient as PostgresClient } from '../generated/postgresql/client.ts'
import { PrismaClient as SqliteClient } from '../generated/sqlite/client.ts'
import type { Client } from './client.ts'
import { migrate } from './migrate.ts'
import { sqliteAdapter } from './sqlite-adapter.ts'

export interface Database {
  readonly client: Client
  readonly provider: 'sqlite' | 'postgresql'
  /** Where it is, without a password. */
  readonly place: string
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Folder of the SQLite file; made when it is missing. */
  readonly home: string
  /** A `postgresql://` URL; `undefined` = SQLite. */
  readonly databaseUrl?: string | undefined
  readonly logger: Logger
}

/** Wait for a place in the pool, and for an answer, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000
const QUERY_TIMEOUT_MS = 10_000
const TRANSACTION = { maxWait: 10_000, timeout: 10_000 }

/**
 * Opens the database and brings its tables up to date.
 *
 * @throws VolttronError `system` (home not usable), `bad-data` (file is no database, or a newer one), `unavailable`
 *   (PostgreSQL does not answer), `config` (the URL is none of PostgreSQL)
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.databaseUrl === undefined
    ? openSqlite(join(options.home, 'registry.db'), options.home)
    : openPostgres(options.databaseUrl, options.logger)
}

async function openSqlite(file: string, home: string): Promise<Database> {
  try {
    makeFolder(home, 0o700)
    // The file holds a secret, so it must never be readable for others; SQLite gives its other files the same mode.
    closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    throw new VolttronError('system', `cannot write to the home folder ${home}: ${describeError(error)}`, {
      hint: 'choose another with --home DIR or VOLTTRON_REGISTRY_HOME',
      cause: error,
    })
  }
  const client = new SqliteClient({ adapter: sqliteAdapter(file), transactionOptions: TRANSACTION })
  try {
    const [check] = await client.$queryRawUnsafe<{ quick_check: string }[]>('PRAGMA quick_check(1)')
    if (check?.quick_check !== 'ok') throw new Error(check?.quick_check ?? 'the check gave no answer')
    // WAL keeps readers and writers apart; FULL means a confirmed write survives kill -9 and a power cut.
    await client.$queryRawUnsafe('PRAGMA journal_mode = WAL')
    await client.$executeRawUnsafe('PRAGMA synchronous = FULL')
    await migrate(client, 'sqlite')
  } catch (error) {
    await client.$disconnect()
    if (error instanceof VolttronError) throw error
    throw sqliteProblem(file, error)
  }
  return { client, provider: 'sqlite', place: file, close: () => client.$disconnect() }
}

/** Text of the innermost cause: Prisma wraps what the driver said. */
function driverMessage(error: unknown): string {
  const seen = describeError(error)
  if (error instanceof Error) {
    const meta = Reflect.get(error, 'meta') as { driverAdapterError?: unknown } | undefined
    const inner = meta?.driverAdapterError ?? error.cause
    if (inner instanceof Error) return driverMessage(inner)
    if (typeof inner === 'object' && inner !== null) {
      const original = Reflect.get(inner, 'originalMessage') ?? Reflect.get(inner, 'message')
      if (typeof original === 'string') return original.split('\n', 1)[0] ?? original
    }
  }
  return seen
}

function sqliteProblem(file: string, error: unknown): VolttronError {
  const text = driverMessage(error)
  if (/locked|busy/i.test(text)) {
    return new VolttronError('system', `${file} is locked by another program: ${text}`, { cause: error })
  }
  if (/readonly|read-only|unable to open|disk is full|i\/o error/i.test(text)) {
    return new VolttronError('system', `cannot use ${file}: ${text}`, { cause: error })
  }
  return new VolttronError('bad-data', `${file} is no usable database: ${text}`, {
    hint: 'it was left as it is; move it away to start with an empty registry',
    cause: error,
  })
}

/** Host and database of a URL; some that PostgreSQL takes (`postgresql://user@/db`) are no URLs of the web. */
function postgresPlace(url: string): string {
  if (!URL.canParse(url)) return 'by DATABASE_URL'
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}

async function openPostgres(url: string, logger: Logger): Promise<Database> {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new VolttronError('config', 'DATABASE_URL is no PostgreSQL URL', {
      hint: 'use postgresql://USER:PASSWORD@HOST:5432/DATABASE, or unset it to use SQLite',
    })
  }
  const place = `PostgreSQL ${postgresPlace(url)}`
  const log = (error: Error) => logger.warn({ event: 'database-connection-lost', reason: error.message })
  const adapter = new PrismaPg(
    { connectionString: url, max: 10, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: QUERY_TIMEOUT_MS },
    { onPoolError: log, onConnectionError: log },
  )
  const client = new PostgresClient({ adapter, transactionOptions: TRANSACTION }) as unknown as Client
  try {
    await migrate(client, 'postgresql')
  } catch (error) {
    await client.$disconnect()
    if (error instanceof VolttronError) throw error
    throw new VolttronError('unavailable', `cannot use ${place}: ${driverMessage(error)}`, {
      hint: 'check DATABASE_URL and that the server runs',
      cause: error,
    })
  }
  return { client, provider: 'postgresql', place, close: () => client.$disconnect() }
}

/** True for an error of the database rather than of the request or of this program. */
export const isDatabaseError = (error: unknown): boolean =>
  error instanceof Error && /^(PrismaClient|DriverAdapterError)/.test(error.name)
