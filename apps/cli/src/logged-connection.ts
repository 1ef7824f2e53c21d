/** A connection whose calls are told with `-vv`: what was asked, and how long it took. */
import type { Log } from './log.ts'
import type { PlatformConnection } from './platform-connection.ts'

export const loggedConnection = (platform: PlatformConnection, log: Log): PlatformConnection => ({
  ...platform,
  async call(peer, method, args, kwargs) {
    const startedAtMs = performance.now()
    try {
      return await platform.call(peer, method, args, kwargs)
    } finally {
      log('debug', `called ${peer}.${method} in ${(performance.now() - startedAtMs).toFixed(1)} ms`)
    }
  },
})
