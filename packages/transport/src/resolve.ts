/** Looks host names up without letting slow ones hold what others need. */
import { lookup } from 'node:dns/promises'

export type Resolve = (host: string) => Promise<readonly string[]>

/** The system's resolver takes one of the four threads that files and ciphers need too: two lookups at once at most. */
const LOOKUPS_AT_ONCE = 2
let running = 0
const waiting: (() => void)[] = []

/** All addresses of a name, IPv6 and IPv4, in the order the system prefers. */
export async function lookupHost(host: string): Promise<readonly string[]> {
  if (running >= LOOKUPS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  running++
  try {
    const found = await lookup(host, { all: true, order: 'verbatim' })
    return found.map(({ address }) => address)
  } finally {
    running--
    waiting.shift()?.()
  }
}
