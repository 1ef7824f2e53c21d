/** The command line of `volttron-platform-lookup`: `[port]` as the reference service has it, options, and `remove ID`. */

import { createLogger, type Logger, type LoggerOptions } from '@volttron/observe'
import { describeError, VolttronError } from '@volttron/vip'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_RATE_LIMIT_PER_MINUTE,
  defaultHome,
  type RegistryOptions,
} from './options.ts'
import { removePlatform, startRegistry } from './registry.ts'
import { PACKAGE_VERSION } from './version.ts'

interface Flags {
  home?: string
  host: string
  registrationPasswordFile?: string
  tlsCert?: string
  tlsKey?: string
  trustProxy?: boolean
  rateLimit: number
  portFile?: string
  logLevel: string
  logFormat: string
}

const USAGE_EXIT_CODE = 64

function count(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** The port; text that is no whole number gives the default and a note, as the reference service does. */
export function parsePort(text: string | undefined, note: (line: string) => void): number {
  if (text === undefined) return DEFAULT_PORT
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    note(`'${text.slice(0, 100)}' is no port number; using the default port ${DEFAULT_PORT}`)
    return DEFAULT_PORT
  }
  const port = Number(text)
  if (port < 0 || port > 65_535) throw new VolttronError('usage', `bad port ${text}: a port is 0 to 65535`)
  return port
}

function loggerOf(flags: Flags): Logger {
  return createLogger({
    name: 'registry',
    level: flags.logLevel,
    format: flags.logFormat as LoggerOptions['format'] & string,
  })
}

const databaseOf = (flags: Flags) => ({
  home: flags.home,
  databaseUrl: process.env.DATABASE_URL,
})

function optionsOf(flags: Flags, port: number, logger: Logger): RegistryOptions {
  return {
    ...databaseOf(flags),
    port,
    host: flags.host,
    registrationPasswordFile: flags.registrationPasswordFile,
    tlsCertFile: flags.tlsCert,
    tlsKeyFile: flags.tlsKey,
    trustProxy: flags.trustProxy,
    rateLimitPerMinute: flags.rateLimit,
    portFile: flags.portFile,
    logger,
  }
}

/** Resolves at the first SIGTERM or SIGINT; the second ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130)
        asked = true
        resolve()
      })
    }
  })
}

async function serve(portText: string | undefined, flags: Flags): Promise<void> {
  const note = (line: string) => void process.stderr.write(`volttron-platform-lookup: ${line}\n`)
  const port = parsePort(portText, note)
  const stop = stopSignal()
  const registry = await startRegistry(optionsOf(flags, port, loggerOf(flags)))
  await stop
  await registry.close()
}

async function remove(id: string, flags: Flags): Promise<void> {
  const outcome = await removePlatform(id, { ...databaseOf(flags), logger: loggerOf({ ...flags, logLevel: 'warn' }) })
  if (outcome === 'not-found') {
    throw new VolttronError('not-found', `no platform '${id.slice(0, 100)}' is registered here`, {
      hint: 'check --home or DATABASE_URL: they must be those of the running registry',
    })
  }
  process.stdout.write(`Platform '${id}' deleted successfully\n`)
}

function program(): Command {
  const command: Command = new Command('volttron-platform-lookup')
    .description('Registry in which the platforms of a VOLTTRON federation find each other.')
    .argument('[port]', `port to listen on, 0 = any free one (default: ${DEFAULT_PORT})`)
    .addOption(
      new Option('--home <dir>', `folder of the database (default: ${defaultHome()})`).env('VOLTTRON_REGISTRY_HOME'),
    )
    .option('--host <address>', 'interface to listen on', DEFAULT_HOST)
    .addOption(
      new Option(
        '--registration-password-file <file>',
        'require the password in this file for all writes and reads',
      ).env('VOLTTRON_REGISTRATION_PASSWORD_FILE'),
    )
    .option('--tls-cert <file>', 'PEM file of the certificate (and its chain): serve https')
    .option('--tls-key <file>', 'PEM file of its key')
    .option('--trust-proxy', 'believe X-Forwarded-For of the proxy in front')
    .option(
      '--rate-limit <number>',
      'requests a minute and client address, 0 = no limit',
      count,
      DEFAULT_RATE_LIMIT_PER_MINUTE,
    )
    .option('--port-file <file>', 'write the port to this file while listening')
    .addOption(
      new Option('--log-level <level>', 'least important lines to log')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'form of log lines').choices(['auto', 'json', 'pretty']).default('auto'),
    )
    .addHelpText(
      'after',
      '\nDATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE selects PostgreSQL instead of a file in the home folder.',
    )
    .version(PACKAGE_VERSION, '--version', 'print the version and stop')
    .configureOutput({ outputError: (text, write) => write(`${command.name()}: ${text}`) })
    .exitOverride()
  command.action((port: string | undefined) => serve(port, command.opts<Flags>()))
  command
    .command('remove')
    .argument('<id>', 'id of the platform')
    .description('Remove a platform, as the operator: works on the database, with the registry running or not.')
    .exitOverride()
    .action((id: string) => remove(id, command.opts<Flags>()))
  return command
}

/** Runs the command line and resolves with its exit code, after sysexits(3). */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT_CODE
    process.stderr.write(`volttron-platform-lookup: error: ${describeError(error)}\n`)
    return error instanceof VolttronError ? error.exitCode : new VolttronError('internal', '').exitCode
  }
}
