/** `vctl tag`: shows, sets or removes the tag of an agent. */
import { VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../../invocation.ts'
import { printable } from '../../output/printable.ts'
import { withInstalledAgents } from './installed-agents.ts'
import { selectOne } from './selection.ts'

interface TagOptions {
  readonly remove?: true
  readonly name?: true
  readonly uuid?: true
  /** The argument, which says the same word. */
  readonly tag?: true
}

export function addTagCommand(program: Command, shell: Shell): void {
  program
    .command('tag <agent> [tag]')
    .description('show, set or remove the tag of an agent')
    .option('-r, --remove', 'remove the tag')
    .option('--name', 'the agent is given by the name of its package')
    .option('--uuid', 'the agent is given by its UUID')
    .option('--tag', 'the agent is given by the tag it has')
    .addHelpText('after', '\nExamples:\n  vctl tag listener collectors\n  vctl tag listener --remove')
    .action(async (pattern: string, tag: string | undefined, options: TagOptions, command: Command) => {
      if (tag !== undefined && options.remove) throw new VolttronError('usage', 'set a tag or remove it, not both')
      const invocation = new Invocation(shell, command)
      await withInstalledAgents(invocation, async (installed) => {
        const agent = selectOne(installed.agents, pattern, options)
        const { uuid, name, identity } = agent
        const isChange = tag !== undefined || (options.remove && agent.tag !== null)
        if (isChange) await installed.tag(agent, tag ?? null)
        const now = isChange ? (tag ?? null) : agent.tag
        if (invocation.json) return invocation.show({ uuid, name, identity, tag: now }, () => '')
        const doing = tag === undefined ? 'Removing tag for' : 'Tagging'
        if (isChange) invocation.terminal.print(`${doing} ${uuid} ${printable(name)}`)
        else if (now !== null && !options.remove) invocation.terminal.print(printable(now))
      })
    })
}
