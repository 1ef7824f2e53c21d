/** What the system knows of a process: when it started, what it uses. From /proc on Linux, from `ps` elsewhere. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface ResourceUse {
  /** Seconds of processor time since its start. */
  readonly cpuSeconds: number
  /** Resident memory. */
  readonly memoryBytes: number
}

/** Ticks of /proc; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
/** Places in /proc/PID/stat, counted behind the name of the program. */
const StatField = { group: 2, userTicks: 11, systemTicks: 12, startTicks: 19 } as const

/**
 * Names one process for good: a later one with the same number started at another time, or after another boot.
 *
 * @returns `undefined` when there is no such process, or it is only waiting to be buried
 */
export function processMark(pid: number): string | undefined {
  if (process.platform !== 'linux') return markFromPs(pid)
  const fields = statFields(pid)
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined
  return `${bootId()}:${fields[StatField.startTicks]}`
}

/** True when the mark was made since the system was started. Always on systems that do not tell. */
export const isOfThisBoot = (mark: string): boolean => process.platform !== 'linux' || mark.startsWith(`${bootId()}:`)

/**
 * Processes of a group whose environment says a text. On Linux only, and only those we may look into; elsewhere none.
 *
 * @param group number of the process that leads it, or has led it
 */
export function groupMembers(group: number, text: string): number[] {
  return processNumbers().filter((pid) => {
    const fields = statFields(pid)
    if (fields?.[StatField.group] !== String(group) || fields[0] === 'Z' || fields[0] === 'X') return false
    return readProc(`${pid}/environ`)?.includes(text) ?? false
  })
}

function processNumbers(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isSafeInteger(pid) && pid > 1)
  } catch {
    return []
  }
}

/** `undefined` when the process is gone, or the system is not Linux. */
export function resourceUse(pid: number): ResourceUse | undefined {
  const fields = statFields(pid)
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
  if (!fields || kilobytes === undefined) return undefined
  const ticks = Number(fields[StatField.userTicks]) + Number(fields[StatField.systemTicks])
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes: Number(kilobytes) * 1024 }
}

function statFields(pid: number): string[] | undefined {
  const text = readProc(`${pid}/stat`)
  // The name of the program stands in brackets and may hold anything, brackets and blanks too.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readProc(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

const bootId = (): string => readProc('sys/kernel/random/boot_id')?.trim() ?? ''

function markFromPs(pid: number): string | undefined {
  try {
    const out = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
    return out.toString().trim() || undefined
  } catch {
    return undefined
  }
}
