/** `vctl check`: is something as it should be, told by the exit code. For health checks of containers and for monitoring. */
import type { PlatformInfo } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { currentAlarms, refuseAlarms } from '../alarms.ts'
import { parseCondition } from '../conditions.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { probePort } from '../probe-port.ts'

/** What every check prints under `--json`, also when it fails. */
interface CheckResult {
  readonly check: string
  readonly ok: boolean
  /** What was looked at, or found. */
  readonly details: readonly unknown[]
}

export function addCheckCommands(program: Command, shell: Shell): void {
  const check = program.command('check').description('is something as it should be: exit code 0 or 69')
  addConditionChecks(check, shell)

  check
    .command('alarms')
    .description('no agent has crashed or says it is ill, every known platform and the registry are connected')
    .addHelpText('after', '\nExample:\n  vctl check alarms --json | jq ".details[]"')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const alarms = await invocation.withPlatform(currentAlarms)
      conclude(invocation, { check: 'alarms', ok: alarms.length === 0, details: alarms }, () => refuseAlarms(alarms))
    })

  check
    .command('ports')
    .alias('port')
    .description('every address of the platform takes connections from here')
    .addHelpText('after', '\nExample:\n  vctl check ports')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const info = (await invocation.withPlatform((platform) =>
        platform.call(ReservedIdentity.control, 'platform_info'),
      )) as PlatformInfo
      const probes = await Promise.all(info.addresses.map((address) => probePort(address, invocation.timeoutMs)))
      const failed = probes.find(({ problem }) => problem !== null)
      conclude(invocation, { check: 'ports', ok: failed === undefined, details: probes }, () => {
        if (failed) throw new VolttronError('unavailable', `${failed.address}: ${failed.problem}`)
      })
    })
}

function addConditionChecks(check: Command, shell: Shell): void {
  const add = (usage: string, summary: string, example: string, conditionOf: (name: string) => string) =>
    check
      .command(usage)
      .description(summary)
      .addHelpText('after', `\nExample:\n  vctl check ${example}`)
      .action(async (...words: unknown[]) => {
        const invocation = new Invocation(shell, words.at(-1) as Command)
        const text = conditionOf(String(words[0]))
        const holds = await invocation.withPlatform((platform) => parseCondition(text)!.holds(platform))
        conclude(invocation, { check: text, ok: holds, details: [] }, () => {
          if (holds) return
          throw new VolttronError('unavailable', `not so: ${text}`, { hint: `vctl await --for ${text} waits for it` })
        })
      })
  add('running', 'the platform answers', 'running --timeout 5', () => 'running')
  add('federation', 'another platform is known, and every known one is connected', 'federation', () => 'federation')
  add('peer <name>', 'the peer is on the bus', 'peer listener', (name) => `peer:${name}`)
  add('platform <name>', 'that platform is connected', 'platform site-b', (name) => `platform:${name}`)
}

/** Under `--json` the result is told either way; in words only a good one, because the error says what is wrong. */
function conclude(invocation: Invocation, result: CheckResult, refuse: () => void): void {
  if (result.ok || invocation.json) invocation.show(result, () => `${printable(result.check)}: ok`)
  refuse()
}
