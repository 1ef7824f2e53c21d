/** `vctl await`: blocks until something is so. For start scripts, health checks and tests. */
import type { FederationReport } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import { type Command, InvalidArgumentError } from 'commander'
import { isPlatformRunning } from '../home.ts'
import { Invocation, type Shell } from '../invocation.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { waitUntil } from '../wait-until.ts'

interface Condition {
  readonly text: string
  readonly holds: (platform: PlatformConnection) => Promise<boolean>
}

export function addAwaitCommand(program: Command, shell: Shell): void {
  program
    .command('await')
    .description('wait until the platform runs, a peer is there or platforms are connected')
    .requiredOption('--for <condition>', 'running, federation, peer:NAME or platform:NAME; may be repeated', collect)
    .addHelpText(
      'after',
      `
Conditions:
  running         the platform answers
  federation      another platform is known, and every known one is connected
  peer:NAME       the peer is on the bus
  platform:NAME   that platform is connected

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
  const [kind, name] = text.split(/:(.*)/s, 2) as [string, string | undefined]
  const holds = kind === text ? PLAIN_CONDITIONS[kind] : name ? NAMED_CONDITIONS[kind]?.(name) : undefined
  if (!holds) throw new InvalidArgumentError('Expected running, federation, peer:NAME or platform:NAME.')
  return [...earlier, { text, holds }]
}

const statusOf = async (platform: PlatformConnection): Promise<FederationReport> =>
  (await platform.call(ReservedIdentity.federation, 'status')) as FederationReport

const PLAIN_CONDITIONS: Readonly<Record<string, Condition['holds']>> = {
  running: async () => true,
  federation: async (platform) => {
    const { platforms } = await statusOf(platform)
    return platforms.length > 0 && platforms.every((row) => row.connected)
  },
}

const NAMED_CONDITIONS: Readonly<Record<string, (name: string) => Condition['holds']>> = {
  peer: (name) => async (platform) => (await platform.peerlist()).includes(name),
  platform: (name) => async (platform) =>
    (await statusOf(platform)).platforms.some((row) => row.platform === name && row.connected),
}

/**
 * All conditions at once. Keeps one connection while it lasts; a platform that is not up yet, or restarts meanwhile, only
 * means "not yet".
 */
async function awaitAll(invocation: Invocation, conditions: readonly Condition[]): Promise<void> {
  const { home, timeoutMs, shell } = invocation
  const deadline = performance.now() + timeoutMs
  let platform: PlatformConnection | undefined
  let open = conditions
  let trouble: unknown
  const allHold = async (): Promise<boolean> => {
    if (!isPlatformRunning(home)) return false
    try {
      platform ??= await shell.connect({ home, timeoutMs: Math.max(1, deadline - performance.now()) })
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
