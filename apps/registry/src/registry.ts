/** Puts the registry together: database, store, watch, HTTP. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { describeError, VolttronError } from '@volttron/vip'
import { openDatabase } from './database/database.ts'
import { Access } from './http/access.ts'
import { createApp } from './http/app.ts'
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_RATE_LIMIT_PER_MINUTE,
  defaultHome,
  type RegistryOptions,
  readPassword,
  readTls,
  unlessEmpty,
} from './options.ts'
import { PlatformStore } from './platform-store.ts'
import { RevisionWatch } from './revision-watch.ts'
import { listen, portOf, stopServer } from './server.ts'

export interface RunningRegistry {
  /** Where a client on this host reaches it. */
  readonly url: string
  readonly port: number
  /** Answers waiting requests, finishes the others, writes what is in memory. May be called again. */
  close(): Promise<void>
}

const STOP_DEADLINE_MS = 5_000

/** The interface a client on this host can dial. */
function dialHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function writePortFile(file: string, port: number): void {
  try {
    writeFileSync(`${file}.new`, `${port}\n`)
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw new VolttronError('system', `cannot write the port file: ${describeError(error)}`, { cause: error })
  }
}

/**
 * Starts a registry and resolves when it listens.
 *
 * @throws VolttronError when an option, file, database or port cannot be used
 */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const { logger, portFile, host = DEFAULT_HOST } = options
  const password = readPassword(unlessEmpty(options.registrationPasswordFile))
  const tls = readTls(unlessEmpty(options.tlsCertFile), unlessEmpty(options.tlsKeyFile))
  const database = await openDatabase({
    home: unlessEmpty(options.home) ?? defaultHome(),
    databaseUrl: unlessEmpty(options.databaseUrl),
    logger,
  })
  try {
    const watch = new RevisionWatch(() => store.revision(), logger)
    const store = await PlatformStore.open(database, logger, () => watch.changed())
    const app = createApp({
      logger,
      store,
      watch,
      access: new Access(password, store),
      isTls: tls !== undefined,
      trustProxy: options.trustProxy ?? false,
      rateLimitPerMinute: options.rateLimitPerMinute ?? DEFAULT_RATE_LIMIT_PER_MINUTE,
    })
    const server = await listen(app, { host, port: options.port ?? DEFAULT_PORT, tls })
    const port = portOf(server)
    const url = `${tls ? 'https' : 'http'}://${dialHost(host)}:${port}`
    const stop = async () => {
      if (portFile !== undefined) rmSync(portFile, { force: true })
      watch.close()
      await stopServer(server, STOP_DEADLINE_MS)
      await store.close()
      await database.close()
      logger.info({ event: 'stopped' })
    }
    let stopping: Promise<void> | undefined
    const close = () => (stopping ??= stop())
    try {
      if (portFile !== undefined) writePortFile(portFile, port)
    } catch (error) {
      await close()
      throw error
    }
    logger.info({ event: 'listening', url, host, port, database: database.place, password: password !== undefined })
    return { url, port, close }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** What `remove` did. */
export type OperatorRemoval = 'removed' | 'not-found'

/** Removes an entry in the database itself, for the operator at its host; a running registry notices within a second. */
export async function removePlatform(
  id: string,
  options: Pick<RegistryOptions, 'home' | 'databaseUrl' | 'logger'>,
): Promise<OperatorRemoval> {
  const database = await openDatabase({
    home: unlessEmpty(options.home) ?? defaultHome(),
    databaseUrl: unlessEmpty(options.databaseUrl),
    logger: options.logger,
  })
  try {
    const store = await PlatformStore.open(database, options.logger, () => {})
    return (await store.remove(id, 'operator')) === 'removed' ? 'removed' : 'not-found'
  } finally {
    await database.close()
  }
}
