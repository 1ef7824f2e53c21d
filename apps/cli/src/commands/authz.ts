/** `vctl authz`: which RPC methods an agent may call, kept in `authz.json`. The platform notices a change by itself. */
import type { Command } from 'commander'
import {
  type AgentRights,
  addRpcCapabilities,
  checkAuthzIdentity,
  listAgents,
  parseCapabilities,
  removeAgent,
} from '../authz-document.ts'
import { editAuthz, readAuthz } from '../authz-file.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'

export function addAuthzCommands(program: Command, shell: Shell): void {
  const authz = program.command('authz').description('what agents may do, also those of other platforms')

  authz
    .command('add')
    .description('add rights')
    .command('agent <identity>')
    .description('allow an agent to call RPC methods; IDENTITY, PLATFORM/IDENTITY or PLATFORM/*')
    .requiredOption('--rpc-capabilities <callee.method,...>', 'methods it may call; /…/ is a pattern')
    .addHelpText(
      'after',
      `
Examples:
  vctl authz add agent operator --rpc-capabilities thermostat.read,thermostat.set_point
  vctl authz add agent site-b/operator --rpc-capabilities thermostat.read`,
    )
    .action(async (identity: string, options: { rpcCapabilities: string }, command: Command) => {
      const invocation = new Invocation(shell, command)
      checkAuthzIdentity(identity)
      const capabilities = parseCapabilities(options.rpcCapabilities)
      await editAuthz(invocation.home, (document) => addRpcCapabilities(document, identity, capabilities))
      invocation.show(
        { identity, added: capabilities },
        () => `${identity} may call ${capabilities.map(printable).join(', ')}`,
      )
    })

  authz
    .command('list')
    .description('list rights')
    .command('agent')
    .description('agents with rights of their own')
    .addHelpText('after', '\nExample:\n  vctl authz list agent --json')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const { isTerminal, paint } = invocation.terminal
      const agents = listAgents(await readAuthz(invocation.home))
      invocation.show(agents, () =>
        renderTable(agents, COLUMNS, { terminal: isTerminal, paint, empty: 'no agent has rights of its own' }),
      )
    })

  authz
    .command('remove')
    .description('remove rights')
    .command('agent <identity>')
    .description('remove all rights written for an agent')
    .addHelpText('after', '\nExample:\n  vctl authz remove agent site-b/operator')
    .action(async (identity: string, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      checkAuthzIdentity(identity)
      await editAuthz(invocation.home, (document) => removeAgent(document, identity))
      invocation.show({ identity, removed: true }, () => `the rights of ${identity} are removed`)
    })
}

const words = (values: readonly unknown[]): string => values.map(printable).join(' ') || '-'

const COLUMNS: Column<AgentRights>[] = [
  { heading: 'IDENTITY', cell: (agent) => agent.identity },
  { heading: 'RPC CAPABILITIES', cell: (agent) => words(agent.rpc_capabilities) },
  {
    heading: 'PUBSUB',
    cell: (agent) => words(Object.entries(agent.pubsub_capabilities).map(([topic, access]) => `${topic}:${access}`)),
  },
  { heading: 'ROLES', cell: (agent) => words(agent.agent_roles) },
]
