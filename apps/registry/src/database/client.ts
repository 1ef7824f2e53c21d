/** The client of either database, as all queries use it. */
import type { PrismaClient } from '../generated/sqlite/client.ts'

/** Both clients are made from one schema, so one type serves for both. */
export type Client = PrismaClient
/** The client inside a transaction. */
export type TransactionClient = Parameters<Parameters<Client['$transaction']>[0]>[0]
