/** `vctl platform`, `vctl shutdown` and `vctl clear`: the daemon itself. */
import type { PlatformInfo } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { isPlatformRunning } from '../home.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { formatSeconds } from '../output/quantity.ts'
import { waitUntil } from '../wait-until.ts'

export function addPlatformCommands(program: Command, shell: Shell): void {
  program
    .command('platform')
    .description('the platform: name, version, addresses, key, memory and counters')
    .addHelpText('after', '\nExample:\n  vctl platform --json | jq -r .instance_name')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const info = (await invocation.withPlatform((platform) =>
        platform.call(ReservedIdentity.control, 'platform_info'),
      )) as PlatformInfo
      invocation.show(info, () => describePlatform(info))
    })

  program
    .command('shutdown')
    .description('stop all agents; with --platform also the platform, and wait for its end')
    .option('--platform', 'stop the platform itself too')
    .addHelpText('after', '\nExample:\n  vctl shutdown --platform')
    .action(async ({ platform: isPlatform }: { platform?: true }, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (isPlatform) await stopPlatform(invocation)
      else await invocation.withPlatform((platform) => platform.call(ReservedIdentity.control, 'shutdown'))
      const stopped = isPlatform ? 'platform' : 'agents'
      invocation.show({ stopped }, () => (isPlatform ? 'the platform has stopped' : 'all agents have stopped'))
    })

  program
    .command('clear')
    .description('forget the status of agents that have ended')
    .option('-a, --all', 'forget the status of all agents')
    .addHelpText('after', '\nExample:\n  vctl clear')
    .action(async ({ all }: { all?: true }, command: Command) => {
      const invocation = new Invocation(shell, command)
      const isAll = all === true
      await invocation.withPlatform((platform) => platform.call(ReservedIdentity.control, 'clear_status', [isAll]))
      if (invocation.json) invocation.show({ cleared: isAll ? 'all' : 'ended' }, () => '')
    })
}

async function stopPlatform(invocation: Invocation): Promise<void> {
  const { home, timeoutMs } = invocation
  const asked = await invocation.withPlatform((platform) =>
    // A platform that stops may take its answer with it: its end counts, the answer does not.
    platform.call(ReservedIdentity.control, 'stop_platform').then(
      () => undefined,
      (error: unknown) => ({ error }),
    ),
  )
  const refused = asked !== undefined && asked.error instanceof VolttronError && asked.error.code === 'denied'
  if (!refused && (await waitUntil(() => !isPlatformRunning(home), timeoutMs))) return
  if (asked !== undefined) throw asked.error
  throw new VolttronError('timeout', `the platform in ${home} is still running after ${timeoutMs / 1000} s`, {
    hint: 'it may be draining; wait longer with --timeout',
  })
}

/** `messagesIn` and `messages_in` as `messages in`. */
const words = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')

function describePlatform(info: PlatformInfo): string {
  const lines: [string, unknown][] = [
    ['instance name', info.instance_name],
    ['version', info.version],
    ['pid', info.pid],
    ['running for', formatSeconds(info.uptime_s)],
    ...info.addresses.map((address): [string, unknown] => ['address', address]),
    ['public key', info.public_key],
    ['memory', `${info.memory_mb} MB`],
    ...Object.entries(info.counters).flatMap(([part, counters]) =>
      Object.entries(counters).map(([name, count]): [string, unknown] => [`${part}: ${words(name)}`, count]),
    ),
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${printable(name).padEnd(width)}  ${printable(value)}`).join('\n')
}
