/** `vctl await`: blocks until something is so. For start scripts, health checks and tests. */
import { VolttronError } from '@volttron/vip'
import { type Command, InvalidArgumentError } from 'commander'
import { CONDITIONS_HELP, type Condition, parseCondition } from '../conditions.ts'
import { isPlatformRunning } from '../home.ts'
import { Invocation, type Shell } from '../invocation.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { waitUntil } from '../wait-until.ts'

export function addAwaitCommand(program: Command, shell: Shell): void {
  program
    .command('await')
    .description('wait until the platform runs, a peer is there or platforms are connected')
    .requiredOption('--for <condition>', 'running, federation, peer:NAME or platform:NAME; may be repeated', collect)
    .addHelpText(
      'after',
      `${CONDITIONS_HELP}

Example:
  vctl await --for platform:site-b --for peer:listener --timeout 60`,
    )
    .action(async (options: { for: Condition[] }, command: Command) => {
      const invocation = new Invocation(shell, command)
      await awaitAll(invocation, options.for)
      invocation.show({ holds: options.for.map(({ text }) => text) }, () =>
        options.for.map(({ text }) => `${text}: yes`).join('\n'),
      )
    })
}

function collect(text: string, earlier: Condition[] = []): Condition[] {
  const condition = parseCondition(text)
  if (!condition) throw new InvalidArgumentError('Expected running, federation, peer:NAME or platform:NAME.')
  return [...earlier, condition]
}

/**
 * All conditions at once. Keeps one connection while it lasts; a platform that is not up yet, or restarts meanwhile, only
 * means "not yet".
 */
async function awaitAll(invocation: Invocation, conditions: readonly Condition[]): Promise<void> {
  const { home, address, timeoutMs } = invocation
  const deadline = performance.now() + timeoutMs
  let platform: PlatformConnection | undefined
  let open = conditions
  let trouble: unknown
  const allHold = async (): Promise<boolean> => {
    if (address === undefined && !isPlatformRunning(home)) return false
    try {
      platform ??= await invocation.connect(Math.max(1, deadline - performance.now()))
      open = await stillOpen(conditions, platform)
      return open.length === 0
    } catch (error) {
      if (!(error instanceof VolttronError) || !['unavailable', 'timeout'].includes(error.code)) throw error
      trouble = error
      await platform?.close()
      platform = undefined
      return false
    }
  }
  try {
    if (!(await waitUntil(allHold, timeoutMs))) throw notInTime(open, timeoutMs, trouble)
  } finally {
    await platform?.close()
  }
}

async function stillOpen(conditions: readonly Condition[], platform: PlatformConnection): Promise<Condition[]> {
  const open: Condition[] = []
  for (const condition of conditions) if (!(await condition.holds(platform))) open.push(condition)
  return open
}

const notInTime = (open: readonly Condition[], timeoutMs: number, cause: unknown): VolttronError =>
  new VolttronError('timeout', `not so after ${timeoutMs / 1000} s: ${open.map(({ text }) => text).join(', ')}`, {
    hint: 'vctl federation status and vctl peerlist show what is missing; wait longer with --timeout',
    cause,
  })
