/** A client that is an agent on VOLTTRON's own Python library, as a process of its own: see agent.py. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../systems/system.ts'
import { takeOn } from '../client-process.ts'

/** Python sources are not compiled, so they stay where they are. */
const pythonFile = (name: string): string =>
  fileURLToPath(new URL(`../../../src/clients/python/${name}`, import.meta.url))

export interface PythonAgentOptions {
  /** The interpreter with VOLTTRON in its environment. */
  readonly python: string
  /** Has credentials in the platform's home. */
  readonly identity: string
  readonly address: string
  readonly environment: NodeJS.ProcessEnv
}

/** Without settings of the user's own platform; what VOLTTRON keeps in the user's home stays in the platform's. */
export function pythonEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VOLTTRON|AGENT|PYTHON|XDG)_?/.test(name))
  return { ...Object.fromEntries(kept), HOME: home, VOLTTRON_HOME: home }
}

/** Starts an agent and waits until it is connected. @throws Error when it cannot connect; nothing is left running then */
export function startPythonAgent({ python, identity, address, environment }: PythonAgentOptions): Promise<Client> {
  const child = spawn(python, [pythonFile('agent.py'), JSON.stringify({ identity, address })], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
    env: environment,
  })
  return takeOn(`Python agent ${identity}`, child)
}
