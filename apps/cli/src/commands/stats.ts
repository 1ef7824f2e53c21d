/** `vctl stats`: the counters of the router, under the words of Python's `vctl`. */
import type { PlatformInfo } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import { Argument, type Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'

type Operation = 'status' | 'enable' | 'disable' | 'dump' | 'pprint'

export function addStatsCommand(program: Command, shell: Shell): void {
  program
    .command('stats')
    .description('counters of the router; they are always on')
    .addArgument(
      new Argument('[op]', 'what to do').choices(['status', 'enable', 'disable', 'dump', 'pprint']).default('status'),
    )
    .addHelpText('after', '\nExample:\n  vctl stats dump')
    .action(async (operation: Operation, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (operation === 'disable')
        throw new VolttronError('usage', 'the counters of the router cannot be disabled', {
          hint: 'they cost nothing; vctl stats dump shows them',
        })
      const { counters } = (await invocation.withPlatform((platform) =>
        platform.call(ReservedIdentity.control, 'platform_info'),
      )) as PlatformInfo
      if (operation === 'status' || operation === 'enable') invocation.show({ enabled: true }, () => 'enabled')
      else invocation.show(counters, () => JSON.stringify(counters, null, operation === 'pprint' ? 2 : undefined))
    })
}
