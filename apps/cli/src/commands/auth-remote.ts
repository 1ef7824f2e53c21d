/** `vctl auth remote`: agents that knock with a key nobody knows. The platform keeps them until somebody decides. */
import { ReservedIdentity } from '@volttron/vip'
import { type Command, Option } from 'commander'
import { confirm } from '../confirmation.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'

/** In the order of the list, with the method of `platform.auth` that tells them (VIP specification, section 6.5). */
const LISTS = {
  pending: 'get_pending_authorizations',
  approved: 'get_approved_authorizations',
  denied: 'get_denied_authorizations',
} as const
type Status = keyof typeof LISTS

/** One that knocked; `credentials` is its public key. */
interface RemoteEntry {
  readonly user_id: string
  readonly address: string | null
  readonly credentials?: string
  readonly retries?: number
}
type RemoteRow = RemoteEntry & { readonly status: Uppercase<Status> }

const DECISIONS = [
  ['approve', 'approve_authorization', 'let the agent in', 'approved'],
  ['deny', 'deny_authorization', 'keep the agent out for good', 'denied'],
  ['delete', 'delete_authorization', 'forget what was decided', 'deleted'],
] as const

export function addRemoteCommands(auth: Command, shell: Shell): void {
  const remote = auth.command('remote').description('agents that knock with an unknown key')
  remote
    .command('list')
    .description('who knocked, and what was decided')
    .addOption(new Option('--status <status>', 'only those').choices(Object.keys(LISTS)))
    .addHelpText('after', '\nExample:\n  vctl auth remote list --status pending')
    .action(async ({ status }: { status?: Status }, command: Command) => {
      await showRemotes(new Invocation(shell, command), status)
    })
  auth
    .command('pending')
    .description('agents that knock and wait for a decision')
    .addHelpText('after', '\nExample:\n  vctl auth pending --json | jq -r ".[].user_id"')
    .action(async (_options: unknown, command: Command) => {
      await showRemotes(new Invocation(shell, command), 'pending')
    })
  // Python's words, and the same without the detour.
  addDecisions(remote, 'vctl auth remote', shell)
  addDecisions(auth, 'vctl auth', shell)
}

function addDecisions(parent: Command, words: string, shell: Shell): void {
  for (const [name, method, summary, done] of DECISIONS) {
    const decision = parent.command(`${name} <user_id>`).description(summary)
    if (name === 'approve') decision.option('--identity <name>', 'as whom; default: the name it connects with first')
    decision
      .addHelpText('after', `\nExample:\n  ${words} ${name} 6c1b9e0e-5a0b-4c36-9d3c-0a4f6f6d2f11`)
      .action(async (userId: string, { identity }: { identity?: string }, command: Command) => {
        const invocation = new Invocation(shell, command)
        if (name === 'delete') await confirm(invocation, `Forget ${printable(userId)}?`)
        await invocation.withPlatform((platform) =>
          platform.call(ReservedIdentity.auth, method, identity === undefined ? [userId] : [userId, identity]),
        )
        invocation.show({ user_id: userId, [done]: true }, () => `${printable(userId)}: ${done}`)
      })
  }
}

async function showRemotes(invocation: Invocation, wanted: Status | undefined): Promise<void> {
  const rows = await invocation.withPlatform(async (platform) => {
    const asked = (Object.keys(LISTS) as Status[]).filter((status) => wanted === undefined || status === wanted)
    const lists = await Promise.all(
      asked.map(async (status): Promise<RemoteRow[]> => {
        const entries = (await platform.call(ReservedIdentity.auth, LISTS[status])) as readonly RemoteEntry[]
        return entries.map((entry) => ({ ...entry, status: status.toUpperCase() as Uppercase<Status> }))
      }),
    )
    return lists.flat()
  })
  const empty = `no ${wanted ?? 'remote'} agent`
  invocation.show(rows, () => renderTable(rows, COLUMNS, { terminal: invocation.terminal, empty }))
}

const COLUMNS: Column<RemoteRow>[] = [
  { heading: 'USER_ID', cell: (row) => row.user_id },
  { heading: 'ADDRESS', cell: (row) => row.address },
  { heading: 'STATUS', cell: (row) => row.status },
  { heading: 'ATTEMPTS', cell: (row) => (row.retries === undefined ? '-' : row.retries + 1), right: true },
  { heading: 'PUBLIC KEY', cell: (row) => row.credentials },
]
