/** `vctl completion` prints what a shell evaluates; the hidden `vctl __complete` answers when Tab is pressed. */
import { setTimeout as pause } from 'node:timers/promises'
import { Argument, type Command } from 'commander'
import { type Candidate, candidatesFor } from '../completion/candidates.ts'
import { COMPLETE_COMMAND, COMPLETION_SCRIPTS, SHELLS, type ShellName } from '../completion/scripts.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'

/** A person who pressed Tab does not wait longer. */
const LONGEST_WAIT_MS = 300

export function addCompletionCommands(program: Command, shell: Shell): void {
  program
    .command('completion')
    .description('the script that completes commands, options and values of vctl in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  source <(vctl completion bash)      in ~/.bashrc
  source <(vctl completion zsh)       in ~/.zshrc, behind compinit
  vctl completion fish | source       in config.fish`,
    )
    .action((name: ShellName, _options: unknown, command: Command) => {
      const script = COMPLETION_SCRIPTS[name]
      new Invocation(shell, command).show({ shell: name, script }, () => script)
    })

  program
    .command(`${COMPLETE_COMMAND} [words...]`, { hidden: true })
    .description('candidates for the last word, one a line')
    .action(async (words: string[], _options: unknown, command: Command) => {
      const candidates = await inTime(candidatesFor(program, words, new Invocation(shell, command)))
      if (candidates.length > 0) shell.terminal.print(candidates.map(candidateLine).join('\n'))
    })
}

/** Nothing, when the platform is slow or away. */
const inTime = (candidates: Promise<Candidate[]>): Promise<Candidate[]> =>
  Promise.race([candidates.catch(() => []), pause(LONGEST_WAIT_MS, [])])

const candidateLine = ({ value, summary }: Candidate): string =>
  summary === undefined ? printable(value) : `${printable(value)}\t${printable(summary)}`
