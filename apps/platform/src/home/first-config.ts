/**
 * `VOLTTRON_HOME/config` of a home where nobody has written one: Python agents and Python's `vctl` read there how the platform is called and
 * where to dial it, and the next start without options finds the platform under the same name and address.
 *
 * They can read one address only, and it must be right tomorrow too. So it is the tcp address when there is exactly one and
 * its port was chosen by the operator, and the local socket otherwise. It must not be left out: they would dial the abstract
 * socket `@VOLTTRON_HOME/run/vip.socket`, which not every version of Node can serve.
 *
 * A start with another name or address writes it anew, as the Python platform does at each start, else Python agents would
 * dial in vain. What a person has edited is left alone.
 */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { errorCode, fileError } from '@volttron/auth'
import { formatVolttronFile, readVolttronFile, replaceFile } from '@volttron/config'
import { formatAddress, type VipAddress } from '@volttron/vip'
import { isGeneratedConfig } from '../options/generated-config.ts'
import type { PlatformOptions } from '../options/platform-options.ts'

const MODE = 0o644

type Named = Pick<PlatformOptions, 'instanceName' | 'addresses'>

/** Writes the file when there is none, or one of ours that is no longer true. @throws VolttronError `system` */
export async function writeFirstConfig(path: string, options: Named): Promise<void> {
  const text = formatVolttronFile(firstEntries(options))
  const unfinished = `${path}.new`
  try {
    await writeFile(unfinished, text, { mode: MODE })
    // Unlike a rename, this replaces nothing.
    await link(unfinished, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw fileError(`cannot write ${path}`, error)
    await renew(path, text, options)
  } finally {
    await rm(unfinished, { force: true }).catch(() => {})
  }
}

async function renew(path: string, text: string, options: Named): Promise<void> {
  try {
    const current = await readFile(path, 'utf8')
    if (isGeneratedConfig(current) && !isTrue(current, options)) await replaceFile(path, text, { mode: MODE })
  } catch (error) {
    throw fileError(`cannot write ${path}`, error)
  }
}

/** Its name is ours, and the address it names is one of ours. */
function isTrue(text: string, { instanceName, addresses }: Named): boolean {
  const { entries } = readVolttronFile(text, '')
  const named = (key: string) => entries.find((entry) => entry.key === key)?.values[0]
  const served = [...addresses.listen, addresses.local].map(formatAddress)
  return named('instance-name') === instanceName && served.includes(named('address') ?? '')
}

function firstEntries({ instanceName, addresses }: Named) {
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
