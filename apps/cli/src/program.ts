/** The tree of commands, and how a run of it ends: one line on standard error and an exit code after sysexits(3). */
import { VolttronError } from '@volttron/vip'
import { Command, CommanderError } from 'commander'
import { addAgentCommands } from './commands/agents/agents.ts'
import { addAuthCommands } from './commands/auth.ts'
import { addAuthzCommands } from './commands/authz.ts'
import { addAwaitCommand } from './commands/await.ts'
import { addCheckCommands } from './commands/check.ts'
import { addCompletionCommands } from './commands/completion.ts'
import { addConfigCommands } from './commands/config.ts'
import { addFederationCommands } from './commands/federation.ts'
import { addHealthCommand } from './commands/health.ts'
import { addPeerCommands } from './commands/peers.ts'
import { addPingCommand } from './commands/ping.ts'
import { addPlatformCommands } from './commands/platform.ts'
import { addPubsubCommands } from './commands/pubsub.ts'
import { addRpcCommands } from './commands/rpc.ts'
import { addStatsCommand } from './commands/stats.ts'
import { addTopCommand } from './commands/top.ts'
import { pathOf } from './completion/candidates.ts'
import { refuseEmptyArguments } from './empty-arguments.ts'
import { EXIT_CODES, exitCodeOf } from './exit-codes.ts'
import { addGlobalOptions, type GlobalOptions } from './global-options.ts'
import { Invocation, type Shell } from './invocation.ts'
import { respell } from './python-spellings.ts'
import { asVolttronError } from './terminal.ts'
import { VERSION } from './version.ts'

/** Runs the command line `words` (without `node` and the script). @returns the exit code; never throws */
export async function runVctl(words: readonly string[], shell: Shell, isRoot = false): Promise<number> {
  const program = buildProgram(shell)
  program.hook('preAction', (_program, command) => beforeAction(new Invocation(shell, command), command, isRoot))
  try {
    await program.parseAsync(respell(words), { from: 'user' })
    return 0
  } catch (thrown) {
    const { debug, compatExitCodes, showConfig } = program.opts<GlobalOptions>()
    if (showConfig && isMissingCommand(thrown)) {
      showOptions(new Invocation(shell, program), program)
      return 0
    }
    const error =
      thrown instanceof CommanderError ? usageError(thrown, groupOf(program, words)) : asVolttronError(thrown)
    if (error === undefined) return 0
    shell.terminal.fail(error)
    if (debug) shell.terminal.trace(stackOf(thrown))
    return exitCodeOf(error, compatExitCodes === true)
  }
}

/** Every command `vctl` knows. */
export function buildProgram(shell: Shell): Command {
  const program = addGlobalOptions(new Command('vctl'))
    .description('Controls a VOLTTRON platform: agents, configurations, keys, rights, messages and federation.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .configureOutput({
      writeOut: (text) => shell.terminal.print(text.trimEnd()),
      writeErr: () => {},
      outputError: () => {},
    })
    .addHelpText('after', ROOT_HELP)
  addAgentCommands(program, shell)
  addAuthCommands(program, shell)
  addAuthzCommands(program, shell)
  addAwaitCommand(program, shell)
  addCheckCommands(program, shell)
  addCompletionCommands(program, shell)
  addConfigCommands(program, shell)
  addFederationCommands(program, shell)
  addHealthCommand(program, shell)
  addPeerCommands(program, shell)
  addPingCommand(program, shell)
  addPlatformCommands(program, shell)
  addPubsubCommands(program, shell)
  addRpcCommands(program, shell)
  addStatsCommand(program, shell)
  addTopCommand(program, shell)
  for (const command of commandsOf(program)) command.addHelpText('after', LEAF_HELP)
  return program
}

/** The commands that do something: the leaves of the tree, without hidden ones. */
export function commandsOf(command: Command): Command[] {
  const inner = command.createHelp().visibleCommands(command)
  const own = inner.filter((it) => it.name() !== 'help')
  return own.length === 0 ? [command] : own.flatMap(commandsOf)
}

const exitCodeLines = EXIT_CODES.map(
  ({ code, meaning, compatible }) => `  ${String(code).padEnd(4)}${meaning.padEnd(52)}${compatible}`,
).join('\n')

const ROOT_HELP = `
Examples:
  vctl auth add listener                 make a key for the agent "listener"
  vctl federation status                 who is connected, and why not
  vctl sub devices/ --all-platforms      watch messages of every platform
  vctl await --for federation -t 60      wait until every platform is connected

Exit codes:                                             --compat-exit-codes
${exitCodeLines}`

const LEAF_HELP = `
Exit codes: ${EXIT_CODES.map(({ code }) => code).join(', ')}\n(vctl --help tells what they mean)`

function beforeAction(invocation: Invocation, command: Command, isRoot: boolean): void {
  const { showConfig, logConfig } = command.optsWithGlobals<GlobalOptions>()
  if (isRoot) invocation.log('warning', 'running as root')
  if (logConfig !== undefined) invocation.log('warning', `the log configuration ${logConfig} is not read`)
  if (!showConfig) return refuseEmptyArguments(command)
  showOptions(invocation, command)
  throw new CommanderError(0, 'vctl.showConfig', 'only the options were asked for')
}

function showOptions(invocation: Invocation, command: Command): void {
  const { home, address, timeoutMs } = invocation
  const given = command.optsWithGlobals<Record<string, unknown>>()
  const all = { ...given, home, address: address ?? null, timeout: timeoutMs / 1000 }
  const rows = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1))
  invocation.show(Object.fromEntries(rows), () =>
    rows.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join('\n'),
  )
}

const isMissingCommand = (thrown: unknown): boolean =>
  thrown instanceof CommanderError && thrown.code === 'commander.help'

/** Commander's complaint in our words; `undefined` when it only means that help or the version was asked for. @param group whose help lists commands */
function usageError(error: CommanderError, group: string): VolttronError | undefined {
  if (error.exitCode === 0) return undefined
  if (isMissingCommand(error))
    return new VolttronError('usage', 'a command is missing', { hint: `${group} --help lists the commands` })
  const [first = '', suggestion] = error.message.split('\n')
  const help =
    error.code === 'commander.unknownCommand'
      ? `${group} --help lists the commands`
      : 'add --help to the command to see how it is used'
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? help
  return new VolttronError('usage', first.replace(/^error: /, ''), { hint })
}

/** `vctl`, or the group of commands that the words lead to: `vctl config`. */
function groupOf(program: Command, words: readonly string[]): string {
  let group = program
  for (const word of words) group = group.commands.find((it) => it.name() === word && it.commands.length > 0) ?? group
  return `vctl ${pathOf(group)}`.trim()
}

/** The error and what caused it, for whoever asked for it with `--debug`. */
function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const own = thrown.stack ?? thrown.message
  return thrown.cause === undefined ? own : `${own}\ncaused by ${stackOf(thrown.cause)}`
}
