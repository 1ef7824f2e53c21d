/** `vctl peerlist` and `vctl connections`: who is on the bus. */
import type { ConnectionRow } from '@volttron/contracts'
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { formatAmount, formatSeconds } from '../output/quantity.ts'
import { type Column, renderTable } from '../output/table.ts'

export function addPeerCommands(program: Command, shell: Shell): void {
  program
    .command('peerlist')
    .description('identities of the peers on the bus')
    .addHelpText('after', '\nExample:\n  vctl peerlist --json | jq -r ".[]"')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const peers = [...(await invocation.withPlatform((platform) => platform.peerlist()))].sort()
      invocation.show(peers, () => peers.map(printable).join('\n'))
    })

  program
    .command('connections')
    .description('live connections with what went over them')
    .addHelpText('after', '\nExample:\n  vctl connections --json | jq ".[] | select(.dropped > 0)"')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const rows = (await invocation.withPlatform((platform) =>
        platform.call(ReservedIdentity.control, 'connections'),
      )) as ConnectionRow[]
      invocation.show(rows, () =>
        renderTable(rows, CONNECTION_COLUMNS, { terminal: invocation.terminal, empty: 'no connection' }),
      )
    })
}

const CONNECTION_COLUMNS: Column<ConnectionRow>[] = [
  { heading: 'IDENTITY', cell: (row) => row.identity },
  { heading: 'KIND', cell: (row) => row.kind },
  { heading: 'REMOTE', cell: (row) => row.remote },
  { heading: 'PROTOCOL', cell: (row) => row.protocol },
  { heading: 'MESSAGES IN', cell: (row) => row.messages_in, right: true },
  { heading: 'OUT', cell: (row) => row.messages_out, right: true },
  { heading: 'BYTES IN', cell: (row) => formatAmount(row.bytes_in), right: true },
  { heading: 'OUT', cell: (row) => formatAmount(row.bytes_out), right: true },
  { heading: 'QUEUED', cell: (row) => formatAmount(row.queued_bytes), right: true },
  { heading: 'DROPPED', cell: (row) => row.dropped, right: true },
  {
    heading: 'CONNECTED FOR',
    cell: (row) => (row.connected_s === undefined ? '-' : formatSeconds(row.connected_s)),
    right: true,
  },
]
