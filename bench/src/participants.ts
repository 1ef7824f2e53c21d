/** Which systems are there, and which version of each. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { systems as allSystems } from './systems/index.ts'
import type { System, SystemName } from './systems/system.ts'

export interface Participant {
  readonly system: System
  readonly version: string
}

/** What the installer calls them. */
const INSTALLED_AS: Readonly<Partial<Record<SystemName, string>>> = {
  nats: 'nats',
  'nats-tls': 'nats',
  mosquitto: 'mosquitto',
  rabbitmq: 'rabbitmq',
  'volttron-python': 'python',
}

/** The systems of these names that are on this machine, after an attempt to install what is missing. */
export async function findParticipants(
  names: readonly SystemName[],
  say: (line: string) => void,
): Promise<Participant[]> {
  const wanted = allSystems.filter(({ name }) => names.includes(name))
  const missing: SystemName[] = []
  for (const system of wanted) if ((await system.version()) === undefined) missing.push(system.name)
  if (missing.length > 0) {
    const code = await install([...new Set(missing.flatMap((name) => INSTALLED_AS[name] ?? []))])
    if (code !== 0) say(`scripts/install-peers ended with exit code ${code}`)
  }
  const participants: Participant[] = []
  for (const system of wanted) {
    const version = await system.version()
    if (version !== undefined) participants.push({ system, version })
    else say(`${system.name} is not installed on this machine: left out`)
  }
  return participants
}

/** Its progress goes to stderr. */
function install(peers: readonly string[]): Promise<number | null> {
  const script = fileURLToPath(new URL('../../scripts/install-peers', import.meta.url))
  const child = spawn(process.execPath, [script, ...peers], { stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
