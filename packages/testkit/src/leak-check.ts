/** Finds out what a test left open. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

export interface LeakCheck {
  /** Waits until everything opened since is closed; throws with a list when it is not. */
  expectNone(options?: { readonly timeoutMs?: number; readonly descriptorsTolerated?: number }): Promise<void>
}

/**
 * Takes stock of descriptors (on Linux) and of the entries of the temporary folders whose names begin with `tempPrefix`.
 *
 * @example
 * const leaks = leakCheck('vip-')
 * // open and close things
 * await leaks.expectNone()
 */
export function leakCheck(tempPrefix: string): LeakCheck {
  const before = { descriptors: descriptors(), files: tempEntries(tempPrefix) }
  return {
    async expectNone({ timeoutMs = 5_000, descriptorsTolerated = 0 } = {}) {
      await eventually(
        () => {
          const files = tempEntries(tempPrefix).filter((name) => !before.files.includes(name))
          if (files.length > 0) throw new Error(`left behind: ${files.join(', ')}`)
          const open = descriptors()
          const excess = open.length - before.descriptors.length
          if (excess > descriptorsTolerated) throw new Error(`${excess} descriptors left open, now: ${summary(open)}`)
          return true
        },
        { timeoutMs, what: 'closing everything' },
      )
    },
  }
}

/** What the open descriptors of this process point to; empty where the system does not show it. */
function descriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return 'closed meanwhile'
      }
    })
  } catch {
    return []
  }
}

const tempEntries = (prefix: string): string[] =>
  [tmpdir(), '/dev/shm']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => ({ folder, name })))
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ folder, name }) => join(folder, name))

function summary(targets: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const target of targets) {
    const kind = target.replace(/\[\d+\]$/, '')
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].map(([kind, count]) => `${count} x ${kind}`).join(', ')
}
