/** `vctl remove`: agents with their code, data, key and rights. */
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import type { Shell } from '../../invocation.ts'
import { changeAgents } from './change.ts'
import { addSelectionOptions, ambiguous, PATTERN_HELP } from './selection.ts'

export function addRemoveCommand(program: Command, shell: Shell): void {
  const remove = program
    .command('remove [pattern...]')
    .summary('stop agents and remove them, with their data, keys and rights')
    .description(
      `stop agents and remove them, with their data, keys and rights\n\nA pattern is an ${PATTERN_HELP}. One that means several agents needs --force.`,
    )
    .option('-f, --force', 'remove all agents that a pattern means')
    .addHelpText('after', '\nExamples:\n  vctl remove listener\n  vctl remove --tag old --force')
  addSelectionOptions(remove).action(async (patterns: string[], { force }: { force?: true }, command: Command) => {
    await changeAgents(shell, command, patterns, {
      doing: 'Removing',
      result: { removed: true },
      check(matches) {
        for (const { pattern, agents } of matches) {
          if (agents.length > 1 && !force) throw ambiguous(pattern, agents, 'use --force to remove all of them')
        }
      },
      perform: (platform, { uuid }) => platform.call(ReservedIdentity.control, 'remove_agent', [uuid]),
    })
  })
}
