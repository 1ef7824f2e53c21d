/** CPU time and memory of processes, as Linux counts them. */
import { readFileSync, writeFileSync } from 'node:fs'

/** The kernel counts the time of processes in ticks of this length. */
const TICK_SECONDS = 0.01
/** Written to `clear_refs`: the peak starts again from what is resident now. */
const RESET_PEAK = '5'

/** CPU seconds these processes have used so far. */
export const cpuSeconds = (pids: readonly number[]): number => sum(pids.map(cpuSecondsOf))

function cpuSecondsOf(pid: number): number {
  // The name of the program, in parentheses, may contain anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}

/** Resident memory, in MB. */
export const memoryMb = (pids: readonly number[]): number => sum(pids.map((pid) => statusMb(pid, 'VmRSS')))

/** The most that was resident since {@link resetPeak}, in MB. */
export const peakMemoryMb = (pids: readonly number[]): number => sum(pids.map((pid) => statusMb(pid, 'VmHWM')))

export function resetPeak(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK)
    } catch {
      // A process of another user: its peak is counted from its start.
    }
  }
}

function statusMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(kilobytes?.[1] ?? 0) * 1024) / 1e6
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
