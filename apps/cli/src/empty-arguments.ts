/**
 * An argument without a character is mostly a variable of a script that was not set. `vctl stop "$AGENT"` must not mean every
 * agent then, nor `vctl install "$FOLDER"` the folder somebody happens to stand in.
 */
import { VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { pathOf } from './completion/candidates.ts'
import { COMPLETE_COMMAND } from './completion/scripts.ts'

/** Where nothing is a value too: every topic, an empty text, a word that has not begun. */
const MAY_BE_EMPTY = new Set(['sub prefix', 'publish data', `${COMPLETE_COMMAND} words`])

/** @throws VolttronError `usage` naming the argument */
export function refuseEmptyArguments(command: Command): void {
  const { registeredArguments, args } = command
  for (const [at, text] of args.entries()) {
    const name = (registeredArguments[at] ?? registeredArguments.at(-1))?.name()
    if (text !== '' || name === undefined || MAY_BE_EMPTY.has(`${pathOf(command)} ${name}`)) continue
    throw new VolttronError('usage', `the argument '${name}' is empty`, {
      hint: 'is a variable of a script not set? add --help to the command to see how it is used',
    })
  }
}
