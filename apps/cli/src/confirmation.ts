/** Questions before something is destroyed. */
import { VolttronError } from '@volttron/vip'
import type { Invocation } from './invocation.ts'

/**
 * Asks for a yes, unless `--yes` says it already. Without a person at standard input it is done: Python's `vctl` mostly does
 * not ask, and scripts written for it go on working.
 *
 * @throws VolttronError `usage` when the answer is not yes
 */
export async function confirm(invocation: Invocation, question: string): Promise<void> {
  const { input } = invocation.shell
  if (invocation.isConfirmed || !input.isTerminal) return
  const answer = await input.ask(`${question} [y/N] `)
  if (/^\s*y(es)?\s*$/i.test(answer ?? '')) return
  throw new VolttronError('usage', 'not confirmed: nothing was changed', { hint: 'answer y, or add --yes' })
}
