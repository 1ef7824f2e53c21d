/** `vctl logs`: what an agent prints, or what its installation printed. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentRow } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { parseCount } from '../../global-options.ts'
import { Invocation, type Shell } from '../../invocation.ts'
import { printable } from '../../output/printable.ts'
import type { PlatformConnection } from '../../platform-connection.ts'
import { readAgents, type SelectionOptions, selectOne } from './selection.ts'

interface LogsOptions extends SelectionOptions {
  readonly follow?: true
  readonly lines: number
  readonly install?: true
}

/** What is needed of an answer of `read_log`. */
interface LogPart {
  readonly lines: readonly string[]
  readonly next_offset: number
  readonly total_bytes: number
  readonly has_newer: boolean
}

const DEFAULT_LINES = 50
const LOOK_AGAIN_MS = 300
/** What is asked for at once; the platform gives no more. */
const PART_BYTES = 1024 * 1024
const INSTALL_LOG = 'install.log'
/** Behind the name of a log: the one that was put aside last. */
const NEWEST_ASIDE = '.1'

export function addLogsCommand(program: Command, shell: Shell): void {
  program
    .command('logs [agent]')
    .description('what an agent prints')
    .option('-f, --follow', 'go on printing what it prints from now on')
    .option('-n, --lines <number>', 'how many of the last lines', parseCount, DEFAULT_LINES)
    .option('--install', 'what pip and npm printed while agents were installed')
    .option('--name', 'the agent is given by the name of its package')
    .option('--uuid', 'the agent is given by its UUID')
    .option('--tag', 'the agent is given by its tag')
    .addHelpText('after', '\nExamples:\n  vctl logs listener -f\n  vctl logs --install -n 200')
    .action(async (agent: string | undefined, options: LogsOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      await invocation.withPlatform(async (platform) => {
        const log = await logOf(platform, agent, options)
        const part = await read(platform, log, { tail: options.lines, max_bytes: PART_BYTES })
        if (invocation.json && !options.follow) return invocation.show({ log, lines: part?.lines ?? [] }, () => '')
        print(invocation, part?.lines ?? [])
        if (options.follow) await follow(invocation, platform, log, part?.next_offset ?? 0)
      })
    })
}

async function logOf(platform: PlatformConnection, agent: string | undefined, options: LogsOptions): Promise<string> {
  if (options.install) return INSTALL_LOG
  if (agent !== undefined) return selectOne(await readAgents(platform), agent, options).log
  throw new VolttronError('usage', 'which agent? its name is missing', {
    hint: 'vctl status lists the installed agents',
  })
}

/** Prints what agents print, from the start of their logs on, until an interrupt. */
export async function followAll(
  invocation: Invocation,
  platform: PlatformConnection,
  agents: readonly AgentRow[],
): Promise<void> {
  await Promise.all(agents.map(({ log }) => follow(invocation, platform, log, 0)))
}

/** Prints what comes until an interrupt. */
async function follow(invocation: Invocation, platform: PlatformConnection, log: string, from: number): Promise<void> {
  const signal = invocation.shell.interruption()
  let offset = from
  while (!signal.aborted) {
    const part = await read(platform, log, { offset, max_bytes: PART_BYTES })
    // One that is shorter than before was put aside, and begins anew.
    const isNew = part !== undefined && part.total_bytes < offset
    if (isNew) await printRest(invocation, platform, log + NEWEST_ASIDE, offset)
    else print(invocation, part?.lines ?? [])
    offset = isNew ? 0 : (part?.next_offset ?? 0)
    if (!isNew && !part?.has_newer) await delay(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {})
  }
}

/** Prints what a log says from a byte on. */
async function printRest(
  invocation: Invocation,
  platform: PlatformConnection,
  log: string,
  from: number,
): Promise<void> {
  for (let offset = from; ; ) {
    const part = await read(platform, log, { offset, max_bytes: PART_BYTES })
    print(invocation, part?.lines ?? [])
    if (!part?.has_newer) return
    offset = part.next_offset
  }
}

/** `undefined` while there is no log yet. */
async function read(platform: PlatformConnection, log: string, what: object): Promise<LogPart | undefined> {
  try {
    return (await platform.call(ReservedIdentity.control, 'read_log', [log], { ...what })) as LogPart
  } catch (error) {
    if (error instanceof VolttronError && error.code === 'not-found') return undefined
    throw error
  }
}

/** One line each; under `--json` one JSON text each. */
function print({ json, terminal }: Invocation, lines: readonly string[]): void {
  for (const line of lines) terminal.print(json ? JSON.stringify(line) : printable(line))
}
