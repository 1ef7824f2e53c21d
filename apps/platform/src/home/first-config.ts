/**
 * `VOLTTRON_HOME/config` of a home that has none: Python agents and Python's `vctl` read there how the platform is called and
 * where to dial it, and the next start without options finds the platform under the same name and address.
 *
 * They can read one address only, and it must be right tomorrow too. So it is the tcp address when there is exactly one and
 * its port was chosen by the operator, and the local socket otherwise. It must not be left out: they would dial the abstract
 * socket `@VOLTTRON_HOME/run/vip.socket`, which not every version of Node can serve.
 */
import { link, rm, writeFile } from 'node:fs/promises'
import { errorCode, fileError } from '@volttron/auth'
import { formatVolttronFile } from '@volttron/config'
import { formatAddress, type VipAddress } from '@volttron/vip'
import type { PlatformOptions } from '../options/platform-options.ts'

/** Writes the file when there is none; one that is there is left as it is. @throws VolttronError `system` */
export async function writeFirstConfig(
  path: string,
  options: Pick<PlatformOptions, 'instanceName' | 'addresses'>,
): Promise<void> {
  const unfinished = `${path}.new`
  try {
    await writeFile(unfinished, formatVolttronFile(firstEntries(options)), { mode: 0o644 })
    // Unlike a rename, this replaces nothing.
    await link(unfinished, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw fileError(`cannot write ${path}`, error)
  } finally {
    await rm(unfinished, { force: true }).catch(() => {})
  }
}

function firstEntries({ instanceName, addresses }: Parameters<typeof writeFirstConfig>[1]) {
  const [only, ...others] = addresses.listen
  const address = formatAddress(only && others.length === 0 && isLasting(only) ? only : addresses.local)
  const advertised = addresses.advertise && formatAddress(addresses.advertise)
  const isAdvertised = only && address === formatAddress(only) && advertised !== address
  return [
    { key: 'messagebus', values: ['zmq'] },
    { key: 'instance-name', values: [instanceName] },
    { key: 'address', values: [address] },
    ...(isAdvertised && advertised ? [{ key: 'advertise-address', values: [advertised] }] : []),
  ]
}

/**
 * Nobody can dial `*`, and Python's reader takes a percent sign, as before the interface of a link-local address, for the start
 * of a reference.
 */
const isLasting = (address: VipAddress): boolean =>
  address.scheme === 'ipc' || (address.port !== 0 && address.host !== '*' && !address.host.includes('%'))
