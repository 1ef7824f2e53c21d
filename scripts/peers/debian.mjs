// Debian's packages, without the services that they start: a benchmark starts its own brokers on ports of its own, and
// nobody who installs a peer wants a broker to be running from then on.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { programPath, run } from './run.mjs'

/** Asked by Debian's install scripts before they start a service; exit code 101 means no. See invoke-rc.d(8). */
const POLICY_FILE = '/usr/sbin/policy-rc.d'
const REFUSE_ALL = '#!/bin/sh\nexit 101\n'

/** What to put before a command so that root runs it; undefined when this user cannot become root without a password. */
async function asRoot() {
  if (process.getuid?.() === 0) return []
  const sudo = programPath('sudo')
  if (sudo === undefined) return undefined
  return run(sudo, ['-n', 'true']).then(
    () => [sudo, '-n'],
    () => undefined,
  )
}

/** Installs a package; its own service neither runs afterwards nor starts with the machine. */
export async function installPackage(name, { service }) {
  const apt = programPath('apt-get')
  if (apt === undefined) throw new Error(`no apt-get here: install ${name} with the means of this system`)
  const root = await asRoot()
  if (root === undefined) throw new Error(`root is needed: run "sudo apt-get install ${name}", or this again as root`)
  const sudo = (...command) => {
    const [program, ...args] = [...root, ...command]
    return run(program, args)
  }

  await sudo('env', 'DEBIAN_FRONTEND=noninteractive', apt, 'update', '-q')
  const withdraw = await refuseServices(sudo)
  // An interrupt reaches apt-get as well; it ends, and then the policy is withdrawn.
  const outlive = () => {}
  process.on('SIGINT', outlive)
  try {
    await sudo('env', 'DEBIAN_FRONTEND=noninteractive', apt, 'install', '-y', '-q', '--no-install-recommends', name)
  } finally {
    await withdraw()
    process.off('SIGINT', outlive)
  }
  const systemctl = programPath('systemctl')
  if (systemctl === undefined || !existsSync('/run/systemd/system')) return
  await sudo(systemctl, 'disable', '--now', service)
}

/** Resolves to the function that takes it back. A policy that is there already is somebody's decision and stays. */
async function refuseServices(sudo) {
  if (existsSync(POLICY_FILE)) return async () => {}
  if (process.getuid?.() === 0) {
    writeFileSync(POLICY_FILE, REFUSE_ALL, { mode: 0o755 })
    return async () => rmSync(POLICY_FILE)
  }
  await sudo(
    'sh',
    '-c',
    `printf '%b' '${REFUSE_ALL.replaceAll('\n', '\\n')}' >${POLICY_FILE} && chmod 755 ${POLICY_FILE}`,
  )
  return () => sudo('rm', POLICY_FILE)
}
