/**
 * Prisma's libSQL adapter with one connection for everything.
 *
 * The adapter as published gives each transaction the open connection and never closes it: 2,000 transactions leave 4,000
 * open descriptors and 400 MB. Here a transaction is `BEGIN IMMEDIATE` … `COMMIT` on the only connection while
 * everybody else waits, which also means that a write never fails because another one came between its read and its write.
 */
import { PrismaLibSql } from '@prisma/adapter-libsql'

type Adapter = Awaited<ReturnType<PrismaLibSql['connect']>>
type Query = Parameters<Adapter['queryRaw']>[0]
type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>

/** How long a statement waits for another process that writes, in milliseconds. libSQL blocks the event loop meanwhile. */
const BUSY_TIMEOUT_MS = 3_000

const statement = (sql: string): Query => ({ sql, args: [], argTypes: [] })

/** Lets one caller in at a time, in order. */
class Turnstile {
  #last: Promise<void> = Promise.resolve()

  /** Resolves when it is the caller's turn, with the function that ends the turn. */
  async enter(): Promise<() => void> {
    const before = this.#last
    let leave: () => void = () => {}
    this.#last = new Promise((resolve) => {
      leave = resolve
    })
    await before
    return leave
  }
}

function beginOn(adapter: Adapter, leave: () => void): Transaction {
  const end = async (sql: string) => {
    try {
      await adapter.executeRaw(statement(sql))
    } finally {
      leave()
    }
  }
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    options: { usePhantomQuery: true },
    queryRaw: (query) => adapter.queryRaw(query),
    executeRaw: (query) => adapter.executeRaw(query),
    commit: () => end('COMMIT'),
    rollback: () => end('ROLLBACK'),
    createSavepoint: async (name) => void (await adapter.executeRaw(statement(`SAVEPOINT ${name}`))),
    rollbackToSavepoint: async (name) => void (await adapter.executeRaw(statement(`ROLLBACK TO ${name}`))),
    releaseSavepoint: async (name) => void (await adapter.executeRaw(statement(`RELEASE SAVEPOINT ${name}`))),
  }
}

function serialised(adapter: Adapter): Adapter {
  const turnstile = new Turnstile()
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const leave = await turnstile.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => inTurn(() => adapter.queryRaw(query)),
    executeRaw: (query) => inTurn(() => adapter.executeRaw(query)),
    executeScript: (script) => inTurn(() => adapter.executeScript(script)),
    dispose: () => inTurn(() => adapter.dispose()),
    async startTransaction() {
      const leave = await turnstile.enter()
      try {
        await adapter.executeRaw(statement('BEGIN IMMEDIATE'))
        return beginOn(adapter, leave)
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}

/** The adapter for a database file. */
export function sqliteAdapter(file: string): Pick<PrismaLibSql, 'provider' | 'adapterName' | 'connect'> {
  const factory = new PrismaLibSql({ url: `file:${file}`, timeout: BUSY_TIMEOUT_MS })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => serialised(await factory.connect()),
  }
}
