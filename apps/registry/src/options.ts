/** Options of the registry service, their defaults, and the files they name. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@volttron/observe'
import { describeError, VolttronError } from '@volttron/vip'

export interface RegistryOptions {
  /** Port to listen on; 0 = any free one. Default 8000. */
  readonly port?: number | undefined
  /** Interface to listen on. Default 0.0.0.0. */
  readonly host?: string | undefined
  /** Folder of the SQLite database. Default: `.volttron-platform-lookup` under the user's home. */
  readonly home?: string | undefined
  /** `postgresql://…`; empty or undefined = SQLite. */
  readonly databaseUrl?: string | undefined
  /** File with the registration password, which all writes and reads then need. */
  readonly registrationPasswordFile?: string | undefined
  /** PEM files of certificate and key; both or none. */
  readonly tlsCertFile?: string | undefined
  readonly tlsKeyFile?: string | undefined
  /** Requests a minute and client address; 0 = no limit. Default 6,000. */
  readonly rateLimitPerMinute?: number | undefined
  /** Believe X-Forwarded-For of the proxy in front. Default false. */
  readonly trustProxy?: boolean | undefined
  /** File that holds the port while the service listens. */
  readonly portFile?: string | undefined
  readonly logger: Logger
}

export const DEFAULT_PORT = 8000
export const DEFAULT_HOST = '0.0.0.0'
export const DEFAULT_RATE_LIMIT_PER_MINUTE = 6_000

export const defaultHome = (): string => join(homedir(), '.volttron-platform-lookup')

/** Empty means unset, as environment variables are often given. */
export const unlessEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

function readOptionFile(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new VolttronError('config', `cannot read the file of ${option}: ${describeError(error)}`, { cause: error })
  }
}

/**
 * The registration password: the file's text without line ends at its end.
 *
 * @throws VolttronError `config` when the file cannot be read, is empty, or holds more than one line
 */
export function readPassword(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const password = readOptionFile('--registration-password-file', file).replace(/[\r\n]+$/, '')
  // A header cannot carry control characters, so nobody could ever give such a password.
  if (password === '' || /\p{Cc}/u.test(password)) {
    throw new VolttronError('config', `${file} holds no password`, { hint: 'write one non-empty line into it' })
  }
  return password
}

/** @throws VolttronError `config` when one of the two is missing or cannot be read */
export function readTls(
  certFile: string | undefined,
  keyFile: string | undefined,
): { cert: string; key: string } | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) {
    throw new VolttronError('usage', 'TLS needs both --tls-cert and --tls-key')
  }
  return { cert: readOptionFile('--tls-cert', certFile), key: readOptionFile('--tls-key', keyFile) }
}
