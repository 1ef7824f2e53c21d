import { readFileSync } from 'node:fs'
import { errorCode } from '@volttron/auth'

/** True when a process with this number lives, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  return !isEnded(pid)
}

/** It has ended, and nobody has asked how: in a container, where the first process does not, it stays so for good. */
function isEnded(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program stands before, in brackets, and may hold anything.
    return /^ [ZX]/.test(status.slice(status.lastIndexOf(')') + 1))
  } catch {
    // No Linux, or it is gone just now: the next look says so.
    return false
  }
}
