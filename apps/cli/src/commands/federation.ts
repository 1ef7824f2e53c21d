/** `vctl federation`: which platforms are known, which are connected, and why the others are not. */

import type { FederationReport, FederationRow, RegistryReport } from '@volttron/contracts'
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import { confirm } from '../confirmation.ts'
import { Invocation, type Shell } from '../invocation.ts'
import type { Paint } from '../output/paint.ts'
import { printable } from '../output/printable.ts'
import { formatAgo, formatSeconds } from '../output/quantity.ts'
import { type Column, renderTable } from '../output/table.ts'

export function addFederationCommands(program: Command, shell: Shell): void {
  const federation = program.command('federation').description('the platforms this one exchanges messages with')

  federation
    .command('status')
    .description('one row per known platform, also those that are down')
    .addHelpText('after', '\nExample:\n  vctl federation status --json | jq ".[] | select(.connected | not)"')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const status = await invocation.withPlatform(
        async (platform) => (await platform.call(ReservedIdentity.federation, 'status')) as FederationReport,
      )
      invocation.show(status.platforms, () => describeFederation(status, invocation))
    })

  const platform = federation.command('platform').description('trust in single platforms')
  const act = (name: string, method: string, summary: string, done: (name: string) => string) =>
    platform
      .command(`${name} <name>`)
      .description(summary)
      .addHelpText('after', `\nExample:\n  vctl federation platform ${name} site-b`)
      .action(async (peer: string, _options: unknown, command: Command) => {
        const invocation = new Invocation(shell, command)
        if (name === 'remove') await confirm(invocation, `Revoke the key of ${printable(peer)}?`)
        const answer = await invocation.withPlatform((it) => it.call(ReservedIdentity.federation, method, [peer]))
        invocation.show(answer, () => done(peer))
      })
  act('accept', 'accept_platform', 'trust the key a known platform has now', (name) => `${name}: its key is accepted`)
  act('remove', 'remove_platform', 'close the session and revoke the key of a platform', (name) => `${name}: removed`)
}

function describeFederation(status: FederationReport, invocation: Invocation): string {
  const { terminal, shell } = invocation
  const table = renderTable(status.platforms, federationColumns(shell.now(), terminal.paint), {
    terminal,
    empty: 'no other platform is known yet',
  })
  return `${describeRegistry(status.registry, terminal.paint, shell.now())}\n${table}`
}

function describeRegistry(registry: RegistryReport | null, paint: Paint, nowMs: number): string {
  if (registry === null) return paint.dim('no registry')
  const reason = registry.reason ? `: ${registry.reason}` : ''
  const contact = registry.last_contact === null ? '' : `, last contact ${formatAgo(registry.last_contact, nowMs)}`
  return paint.dim(printable(`registry ${registry.url}  ${registry.status}${reason}${contact}`))
}

const federationColumns = (nowMs: number, paint: Paint): Column<FederationRow>[] => [
  { heading: 'PLATFORM', cell: (row) => row.platform },
  {
    heading: 'CONNECTED',
    cell: (row) => (row.connected ? 'yes' : 'no'),
    paint: (text, row) => (row.connected ? paint.green(text) : paint.red(text)),
  },
  { heading: 'STATUS', cell: (row) => row.status },
  { heading: 'RETRY IN', cell: (row) => (row.next_retry_in_s === null ? '-' : formatSeconds(row.next_retry_in_s)) },
  { heading: 'HEARTBEAT', cell: (row) => formatAgo(row.last_heartbeat, nowMs) },
  { heading: 'PROTOCOL', cell: (row) => row.protocol ?? '-' },
  { heading: 'IT WANTS', cell: (row) => row.interest_in, right: true },
  { heading: 'WE WANT', cell: (row) => row.interest_out, right: true },
  { heading: 'GROUP', cell: (row) => row.group },
  { heading: 'ADDRESS', cell: (row) => row.address },
  // Last, because it may be long.
  { heading: 'REASON', cell: (row) => row.reason },
]
