/** `vctl start`, `stop`, `restart`, `enable` and `disable`. */
import type { AgentRow } from '@volttron/contracts'
import { ReservedIdentity } from '@volttron/vip'
import { type Command, InvalidArgumentError } from 'commander'
import type { Shell } from '../../invocation.ts'
import type { PlatformConnection } from '../../platform-connection.ts'
import { type Change, changeAgents } from './change.ts'
import { addSelectionOptions, PATTERN_HELP } from './selection.ts'

const DEFAULT_PRIORITY = '50'

export function addLifeCommands(program: Command, shell: Shell): void {
  add(program, shell, 'start', 'start agents', 'vctl start listener', {
    doing: 'Starting',
    result: { started: true },
    isDone: hasProcess,
    perform: call('start_agent'),
  })
  add(program, shell, 'stop', 'stop agents', 'vctl stop --tag collectors', {
    doing: 'Stopping',
    result: { stopped: true },
    // One that waits for its restart has no process, but something to stop.
    isDone: (agent) => !hasProcess(agent) && agent.status !== 'restarting',
    perform: call('stop_agent'),
  })
  add(program, shell, 'restart', 'stop and start agents', 'vctl restart "driver*"', {
    doing: 'Restarting',
    result: { restarted: true },
    perform: call('restart_agent'),
  })
  addEnable(program, shell)
  add(program, shell, 'disable', 'no longer start agents with the platform', 'vctl disable listener', {
    doing: 'Disabling',
    result: { disabled: true },
    perform: call('prioritize_agent', null),
  })
}

function addEnable(program: Command, shell: Shell): void {
  const enable = program
    .command('enable [pattern...]')
    .description(`start agents with the platform\n\nA pattern is an ${PATTERN_HELP}.`)
    .summary('start agents with the platform')
    .option('-p, --priority <number>', 'from 0 to 99: low numbers are started first', parsePriority, DEFAULT_PRIORITY)
    .addHelpText('after', '\nExample:\n  vctl enable listener --priority 20')
  addSelectionOptions(enable).action(
    async (patterns: string[], { priority }: { priority: string }, command: Command) => {
      await changeAgents(shell, command, patterns, {
        doing: 'Enabling',
        how: `with priority ${priority}`,
        result: { enabled: true, priority },
        perform: call('prioritize_agent', priority),
      })
    },
  )
}

function add(program: Command, shell: Shell, name: string, what: string, example: string, change: Change): void {
  const command = program
    .command(`${name} [pattern...]`)
    .description(`${what}\n\nA pattern is an ${PATTERN_HELP}.`)
    .summary(what)
    .addHelpText('after', `\nExample:\n  ${example}`)
  addSelectionOptions(command).action(async (patterns: string[], _options: unknown, self: Command) => {
    await changeAgents(shell, self, patterns, change)
  })
}

const call =
  (method: string, ...more: unknown[]) =>
  (platform: PlatformConnection, { uuid }: AgentRow): Promise<unknown> =>
    platform.call(ReservedIdentity.control, method, [uuid, ...more])

const hasProcess = ({ status }: AgentRow): boolean =>
  status === 'running' || status === 'starting' || status === 'stopping'

/** Two digits. @throws InvalidArgumentError */
export function parsePriority(text: string): string {
  if (/^[0-9]{1,2}$/.test(text)) return text.padStart(2, '0')
  throw new InvalidArgumentError('Expected a number from 0 to 99.')
}
