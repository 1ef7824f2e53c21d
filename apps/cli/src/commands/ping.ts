/** `vctl ping`: is a peer alive, and how far away is it; told as ping(8) does. */
import { setTimeout as pause } from 'node:timers/promises'
import { VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { parseCount, parseDuration } from '../global-options.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import type { PlatformConnection } from '../platform-connection.ts'

const DEFAULT_COUNT = 4
const DEFAULT_INTERVAL_MS = 1_000

interface PingOptions {
  readonly count: number
  /** Milliseconds. */
  readonly interval: number
}

/** What `vctl ping --json` prints. */
interface PingReport {
  readonly peer: string
  readonly sent: number
  readonly received: number
  /** Milliseconds; null when nothing came back. */
  readonly round_trip_ms: {
    readonly min: number
    readonly avg: number
    readonly max: number
    /** Standard deviation. */
    readonly mdev: number
  } | null
}

export function addPingCommand(program: Command, shell: Shell): void {
  program
    .command('ping <peer>')
    .description('the round trip to a peer and back, some times')
    .option('-c, --count <n>', 'how often', parseCount, DEFAULT_COUNT)
    .option('-i, --interval <seconds>', 'from one to the next', parseDuration, DEFAULT_INTERVAL_MS)
    .addHelpText('after', '\nExample:\n  vctl ping listener --count 1')
    .action(async (peer: string, options: PingOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      const report = await invocation.withPlatform((platform) => pingOften(platform, peer, options, invocation))
      invocation.show(report, () => summary(report))
      if (report.received > 0) return
      throw new VolttronError('timeout', `no answer from '${peer}'`, { hint: 'vctl peerlist shows who is on the bus' })
    })
}

/** A peer that does not answer in time is counted; that it is not there ends it all. */
async function pingOften(
  platform: PlatformConnection,
  peer: string,
  { count, interval }: PingOptions,
  { json, shell, terminal }: Invocation,
): Promise<PingReport> {
  const interrupted = shell.interruption()
  const times: number[] = []
  let sent = 0
  while (sent < count && !interrupted.aborted) {
    if (sent > 0) await pause(interval, undefined, { signal: interrupted }).catch(() => {})
    if (interrupted.aborted) break
    sent += 1
    const time = await platform.ping(peer).catch(unlessLate)
    if (time !== undefined) times.push(time)
    if (json) continue
    terminal.print(`${printable(peer)}: seq=${sent} ${time === undefined ? 'no answer' : `time=${time.toFixed(3)} ms`}`)
  }
  return { peer, sent, received: times.length, round_trip_ms: times.length === 0 ? null : spread(times) }
}

function unlessLate(error: unknown): undefined {
  if (error instanceof VolttronError && error.code === 'timeout') return undefined
  throw error
}

function spread(times: readonly number[]): NonNullable<PingReport['round_trip_ms']> {
  const avg = times.reduce((sum, time) => sum + time, 0) / times.length
  const mdev = Math.sqrt(times.reduce((sum, time) => sum + (time - avg) ** 2, 0) / times.length)
  return { min: Math.min(...times), avg, max: Math.max(...times), mdev }
}

function summary({ peer, sent, received, round_trip_ms: trip }: PingReport): string {
  const lost = sent === 0 ? 0 : Math.round((100 * (sent - received)) / sent)
  const counts = `${printable(peer)}: ${sent} sent, ${received} received, ${lost}% lost`
  if (trip === null) return counts
  const figures = [trip.min, trip.avg, trip.max, trip.mdev].map((ms) => ms.toFixed(3)).join('/')
  return `${counts}\nround trip min/avg/max/mdev = ${figures} ms`
}
