/** Questions before something is destroyed. */
import { VolttronError } from '@volttron/vip'
import type { Invocation } from './invocation.ts'

/** What happens when nobody sits at a terminal to be asked. */
export type WhenUnattended =
  /** It is done: Python's `vctl` does not ask, and scripts written for it go on working. */
  | 'go-on'
  /** The answer comes on standard input, or by `--yes`. */
  | 'ask'

/**
 * Asks for a yes, unless `--yes` says it already.
 *
 * @throws VolttronError `usage` when the answer is not yes
 */
export async function confirm(invocation: Invocation, question: string, unattended: WhenUnattended): Promise<void> {
  const { input } = invocation.shell
  if (invocation.isConfirmed || (unattended === 'go-on' && !input.isTerminal)) return
  const answer = await input.ask(`${question} [y/N] `)
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return
  throw new VolttronError('usage', 'not confirmed: nothing was changed', { hint: 'answer y, or add --yes' })
}
