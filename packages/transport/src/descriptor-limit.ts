import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** macOS gives a process this many unless told otherwise, and so do we assume where nothing can be read. */
const FALLBACK = 256

/** How many file descriptors this process may have open (its soft limit, which Node raises to the hard one). */
export function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    if (line) return Number(line[1])
  } catch {
    // Not Linux: ask the shell.
  }
  try {
    const text = execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8', timeout: 2_000 }).trim()
    return text === 'unlimited' ? 1_048_576 : Number(text) || FALLBACK
  } catch {
    return FALLBACK
  }
}
