/** The tree of commands, and how a run of it ends: one line on standard error and an exit code after sysexits(3). */
import { durationValue } from '@volttron/config'
import { VolttronError } from '@volttron/vip'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { addAuthCommands } from './commands/auth.ts'
import { addAuthzCommands } from './commands/authz.ts'
import { addAwaitCommand } from './commands/await.ts'
import { addFederationCommands } from './commands/federation.ts'
import { addPeerCommands } from './commands/peers.ts'
import { addPlatformCommands } from './commands/platform.ts'
import { addPubsubCommands } from './commands/pubsub.ts'
import { addRpcCommands } from './commands/rpc.ts'
import { DEFAULT_TIMEOUT_MS, type Shell } from './invocation.ts'
import { asVolttronError } from './terminal.ts'
import { VERSION } from './version.ts'

/** Runs the command line `words` (without `node` and the script). @returns the exit code; never throws */
export async function runVctl(words: readonly string[], shell: Shell, isRoot = false): Promise<number> {
  const program = buildProgram(shell)
  if (isRoot) program.hook('preAction', () => shell.terminal.note('warning: running as root'))
  try {
    await program.parseAsync(words, { from: 'user' })
    return 0
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown) : asVolttronError(thrown)
    if (error === undefined) return 0
    shell.terminal.fail(error)
    return error.exitCode
  }
}

function buildProgram(shell: Shell): Command {
  const program = new Command('vctl')
    .description('Controls a VOLTTRON platform: keys, rights, peers, messages and federation.')
    .version(VERSION, '-V, --version')
    .option('--home <dir>', 'folder of the platform (default: VOLTTRON_HOME, else ~/.volttron)')
    .option('--json', 'print the result as one JSON document')
    .option(
      '--timeout <seconds>',
      `how long to wait for an answer (default: ${DEFAULT_TIMEOUT_MS / 1000})`,
      parseTimeout,
    )
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .configureOutput({
      writeOut: (text) => shell.terminal.print(text.trimEnd()),
      writeErr: () => {},
      outputError: () => {},
    })
    .addHelpText('after', ROOT_HELP)
  addAuthCommands(program, shell)
  addAuthzCommands(program, shell)
  addAwaitCommand(program, shell)
  addFederationCommands(program, shell)
  addPeerCommands(program, shell)
  addPlatformCommands(program, shell)
  addPubsubCommands(program, shell)
  addRpcCommands(program, shell)
  return program
}

const ROOT_HELP = `
Examples:
  vctl auth add listener                     make a key for the agent "listener"
  vctl federation status                     which platforms are connected, and why others are not
  vctl sub devices/ --all-platforms          watch messages of every platform
  vctl await --for federation --timeout 60   wait until every known platform is connected

Exit codes: 0 done, 64 wrong usage, 65 bad data, 67 no such name, 69 not running or not reachable, 70 a defect,
  71 disk or permission trouble, 75 no answer in time, 77 refused, 78 contradictory configuration`

function parseTimeout(text: string): number {
  const parsed = durationValue(1, 86_400_000).safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Expected seconds.')
}

/** Commander's complaint in our words; `undefined` when it only means that help or the version was asked for. */
function usageError(error: CommanderError): VolttronError | undefined {
  if (error.exitCode === 0) return undefined
  if (error.code === 'commander.help')
    return new VolttronError('usage', 'a command is missing', { hint: 'vctl --help lists the commands' })
  const [first = '', suggestion] = error.message.split('\n')
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'add --help to the command to see how it is used'
  return new VolttronError('usage', first.replace(/^error: /, ''), { hint })
}
