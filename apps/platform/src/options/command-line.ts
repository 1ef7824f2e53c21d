/** The words after `volttron`: what was asked for, and the options given as flags. */
import { namesOf, type OptionSpec, optionName, variableName } from '@volttron/config'
import { VolttronError } from '@volttron/vip'
import { Command, CommanderError, Option } from 'commander'
import { type PlatformCatalogue, platformCatalogue } from './catalogue.ts'

export const ENVIRONMENT_PREFIX = 'VOLTTRON_'

export type Action = 'run' | 'check-config' | 'print-config'

export interface CommandLine {
  readonly action: Action
  readonly json: boolean
  /** `--config FILE`. */
  readonly configFile: string | undefined
  readonly flags: Readonly<Partial<Record<keyof PlatformCatalogue, readonly string[]>>>
}

/** Short names, as the Python platform has them. */
const SHORT: Partial<Record<keyof PlatformCatalogue, string>> = { log: 'l', logConfig: 'L' }

/** Log level by count of `-v` minus count of `-q`. */
const LEVEL_BY_VERBOSITY: Readonly<Record<string, string>> = { '-2': 'error', '-1': 'warn', 1: 'debug', 2: 'trace' }

/**
 * Reads the command line, without the names of interpreter and script.
 *
 * @returns the text to print for `--help` and `--version`
 * @throws VolttronError `usage`
 */
export function readCommandLine(argv: readonly string[], version: string): CommandLine | { readonly show: string } {
  const flags: Partial<Record<keyof PlatformCatalogue, string[]>> = {}
  let verbosity = 0
  let show = ''
  const program = new Command('volttron')
    .description('A VOLTTRON platform.')
    .usage('[options]')
    .option('-c, --config <FILE>', 'configuration file (default: VOLTTRON_HOME/config)')
    .option('--check-config', 'check the configuration and stop')
    .option('--print-config', 'print every option with its value and where it came from, and stop')
    .option('--json', 'print as JSON')
    .addOption(new Option('--show-config').hideHelp())
    .option('-v, --verbose', 'log more; -vv logs everything')
    .option('-q, --quiet', 'log less; -qq logs errors only')
    .version(version, '--version', 'print the version and stop')
    .helpOption('-h, --help', 'print this help and stop')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .allowExcessArguments(true)
    .configureOutput({
      writeOut: (text) => {
        show += text
      },
      writeErr: () => {}, // the error is thrown and reported by the caller
      getOutHelpWidth: () => 80,
    })

  for (const [name, { property, negated }] of namesOf(platformCatalogue)) {
    const key = property as keyof PlatformCatalogue
    const spec: OptionSpec = platformCatalogue[key]
    program.addOption(commandLineOption(name, key, spec))
    program.on(`option:${name}`, (value: string | undefined) => {
      if (spec.kind === 'flag') flags[key] = [String(!negated)]
      else if (spec.kind === 'list') flags[key] = [...(flags[key] ?? []), value ?? '']
      else flags[key] = [value ?? '']
    })
  }
  program.on('option:verbose', () => void verbosity++)
  program.on('option:quiet', () => void verbosity--)

  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { show }
    throw usageError(error)
  }
  if (program.args.length > 0) {
    throw new VolttronError('usage', `unexpected argument '${program.args[0]!.slice(0, 100)}'`, { hint: SEE_HELP })
  }
  const given = program.opts<Record<string, unknown>>()
  const level = LEVEL_BY_VERBOSITY[String(Math.max(-2, Math.min(2, verbosity)))]
  if (level && !flags.logLevel) flags.logLevel = [level]
  const print = given.printConfig === true || given.showConfig === true
  return {
    action: print ? 'print-config' : given.checkConfig === true ? 'check-config' : 'run',
    json: given.json === true,
    configFile: typeof given.config === 'string' ? given.config : undefined,
    flags,
  }
}

const SEE_HELP = 'volttron --help lists all options'

const AFTER_HELP = `
Every option may also stand in VOLTTRON_HOME/config (federation-url = http://...)
or in the environment (${variableName(ENVIRONMENT_PREFIX, 'federationUrl')}=http://...). A flag wins over
the environment, the environment over the file.
VOLTTRON_HOME is the folder of the platform (default: ~/.volttron).

Exit codes: 64 wrong option, 65 damaged file, 69 unavailable, 70 defect,
71 file system or port, 78 wrong configuration.`

function commandLineOption(name: string, key: keyof PlatformCatalogue, spec: OptionSpec): Option {
  const isMain = name === optionName(key)
  const short = isMain && SHORT[key] ? `-${SHORT[key]}, ` : ''
  const value = spec.kind === 'flag' ? '' : ` <${spec.placeholder ?? 'VALUE'}>`
  const option = new Option(
    `${short}--${name}${value}`,
    isMain ? describe(spec) : `the opposite of --${optionName(key)}`,
  )
  const isNegation = spec.negations?.includes(name) === true
  return option.hideHelp(spec.description === 'accepted for compatibility' || (!isMain && !isNegation))
}

function describe(spec: OptionSpec): string {
  const shown = spec.default === undefined || spec.kind === 'flag' || (spec.default as unknown[]).length === 0
  const format = spec.format ?? String
  const notes = [spec.unit, shown ? undefined : `default: ${format(spec.default)}`].filter(Boolean).join('; ')
  return notes === '' ? spec.description : `${spec.description} (${notes})`
}

/** `error: unknown option '--x'\n(Did you mean --y?)` in our words. */
function usageError(error: CommanderError): VolttronError {
  const [first = '', second] = error.message.replace(/^error: /, '').split('\n')
  const hint = second ? second.replace(/^\((.*)\)$/, '$1').replace('Did', 'did') : SEE_HELP
  return new VolttronError('usage', first, { hint, cause: error })
}
