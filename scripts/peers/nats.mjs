// The NATS server: the newest release, built by Go where Go is, otherwise what Debian packages.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './cache.mjs'
import { installPackage } from './debian.mjs'
import { programPath, run } from './run.mjs'

const MODULE = 'github.com/nats-io/nats-server/v2@latest'
const folder = join(cacheFolder, 'bin')
const built = join(folder, 'nats-server')

/** The server: the one built here, else the one of the system; undefined when there is none. */
export const program = () => (existsSync(built) ? built : programPath('nats-server'))

export const isInstalled = () => program() !== undefined

export async function install(say) {
  const go = programPath('go')
  if (go !== undefined) {
    try {
      return await run(go, ['install', MODULE], { GOBIN: folder })
    } catch (error) {
      say(`nats: ${error.message}`)
    }
  }
  say('nats: taking the version of the Debian package, which may be years old')
  await installPackage('nats-server', { service: 'nats-server' })
}
