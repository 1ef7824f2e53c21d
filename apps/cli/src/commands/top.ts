/** `vctl top`: which connections are busy, again and again on a terminal, once everywhere else. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ConnectionRow, PlatformInfo } from '@volttron/contracts'
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import { parseCount, parseDuration } from '../global-options.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { formatAmount, formatSeconds } from '../output/quantity.ts'
import { type Column, renderTable } from '../output/table.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { type RatedConnection, ratesBetween, type Snapshot } from '../rates.ts'

const DEFAULT_INTERVAL_MS = 2_000
const DEFAULT_ROWS = 20
/** Clears the screen and puts the cursor into its corner. */
const CLEAR = '\u001b[H\u001b[2J'

interface TopOptions {
  /** Milliseconds. */
  readonly interval: number
  readonly rows: number
}

/** What `vctl top --json` prints. */
interface TopReport {
  readonly platform: string
  readonly uptime_s: number
  readonly memory_mb: number
  /** How long the rates were taken. */
  readonly interval_s: number
  /** How many there are; `connections` has the busiest. */
  readonly connection_count: number
  readonly connections: readonly RatedConnection[]
}

export function addTopCommand(program: Command, shell: Shell): void {
  program
    .command('top')
    .description('the busiest connections; renewed until Ctrl-C on a terminal, once elsewhere')
    .option('-i, --interval <seconds>', 'how long rates are taken', parseDuration, DEFAULT_INTERVAL_MS)
    .option('-n, --rows <n>', 'at most so many', parseCount, DEFAULT_ROWS)
    .addHelpText('after', '\nExample:\n  vctl top --json --interval 1 | jq ".connections[0]"')
    .action(async (options: TopOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      await invocation.withPlatform((platform) => watch(platform, options, invocation))
    })
}

async function watch(platform: PlatformConnection, options: TopOptions, invocation: Invocation): Promise<void> {
  const { terminal, json, shell } = invocation
  const isLive = terminal.isTerminal && !json
  const interrupted = shell.interruption()
  let earlier = await takeSnapshot(platform)
  for (;;) {
    await pause(options.interval, undefined, { signal: interrupted }).catch(() => {})
    if (interrupted.aborted) return
    const later = await takeSnapshot(platform)
    const report = reportOf(earlier, later, options.rows)
    if (!isLive) return invocation.show(report, () => describe(report, invocation))
    terminal.print(CLEAR + describe(report, invocation))
    earlier = later
  }
}

interface PlatformSnapshot extends Snapshot {
  readonly info: PlatformInfo
}

async function takeSnapshot(platform: PlatformConnection): Promise<PlatformSnapshot> {
  const [rows, info] = await Promise.all([
    platform.call(ReservedIdentity.control, 'connections') as Promise<ConnectionRow[]>,
    platform.call(ReservedIdentity.control, 'platform_info') as Promise<PlatformInfo>,
  ])
  return { takenAtMs: performance.now(), rows, info }
}

function reportOf(earlier: PlatformSnapshot, later: PlatformSnapshot, most: number): TopReport {
  const { instance_name, uptime_s, memory_mb } = later.info
  return {
    platform: instance_name,
    uptime_s,
    memory_mb,
    interval_s: Math.round(later.takenAtMs - earlier.takenAtMs) / 1000,
    connection_count: later.rows.length,
    connections: ratesBetween(earlier, later).slice(0, most),
  }
}

function describe(report: TopReport, { terminal }: Invocation): string {
  const { platform, uptime_s, memory_mb, connection_count: count, connections } = report
  const head = `${printable(platform)}  up ${formatSeconds(uptime_s)}  ${memory_mb} MB  connections: ${count}`
  const table = renderTable(connections, COLUMNS, {
    terminal,
    empty: 'no connection',
  })
  return `${terminal.paint.bold(head)}\n${table}`
}

const rate = (perSecond: number): string => (perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0))

const COLUMNS: Column<RatedConnection>[] = [
  { heading: 'IDENTITY', cell: (row) => row.identity },
  { heading: 'PROTOCOL', cell: (row) => row.protocol },
  { heading: 'MESSAGES/S IN', cell: (row) => rate(row.messages_in_per_s), right: true },
  { heading: 'OUT', cell: (row) => rate(row.messages_out_per_s), right: true },
  { heading: 'BYTES/S IN', cell: (row) => formatAmount(row.bytes_in_per_s), right: true },
  { heading: 'OUT', cell: (row) => formatAmount(row.bytes_out_per_s), right: true },
  { heading: 'QUEUED', cell: (row) => formatAmount(row.queued_bytes), right: true },
  { heading: 'DROPPED', cell: (row) => row.dropped, right: true },
]
