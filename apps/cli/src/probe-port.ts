/** Does an address take connections from here? */
import { connect } from 'node:net'
import { isWildcard, parseAddress, type VipAddress } from '@volttron/vip'

export interface PortProbe {
  readonly address: string
  /** null when it takes connections. */
  readonly problem: string | null
}

/** Connects and hangs up. Never rejects. */
export function probePort(address: string, timeoutMs: number): Promise<PortProbe> {
  return new Promise((resolve) => {
    const socket = connect(targetOf(parseAddress(address)))
    const finish = (problem: string | null) => {
      socket.destroy()
      resolve({ address, problem })
    }
    socket.setTimeout(timeoutMs, () => finish(`no connection within ${timeoutMs / 1000} s`))
    socket.once('connect', () => finish(null))
    socket.once('error', (error: NodeJS.ErrnoException) => finish(`no connection: ${error.code ?? error.message}`))
  })
}

/** A leading `@` means the abstract namespace of Linux. "Every interface" is tried on the loopback. */
function targetOf(address: VipAddress): { path: string } | { host: string; port: number } {
  if (address.scheme === 'ipc') return { path: address.path.replace(/^@/, '\0') }
  const { host, port } = address
  if (!isWildcard(address)) return { host, port }
  return { host: host.includes(':') ? '::1' : '127.0.0.1', port }
}
