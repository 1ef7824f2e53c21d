/** What an agent's process is told (VIP specification, section 1.6). */
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { AgentFile, type InstalledAgent } from './agent-folder.ts'

export interface AgentSurroundings {
  /** VOLTTRON_HOME as the agent is to see it. */
  readonly home: string
  /** Text of the agent's credential file, without comments or earlier keys. */
  readonly credentials: string
  /** Environment of the platform. */
  readonly inherited: Readonly<NodeJS.ProcessEnv>
  /** Told to agents that cannot read it in VOLTTRON_HOME. */
  readonly reach?: { readonly address: string; readonly serverKey: string }
}

/** Options of the platform, what a supervisor of it has set up for it alone, and what an agent that started it was told. */
const NOT_INHERITED =
  /^(VOLTTRON_|AGENT_|_LAUNCHED_BY_PLATFORM$|NOTIFY_SOCKET$|WATCHDOG_|LISTEN_|NODE_CHANNEL_|NODE_UNIQUE_ID$)/

export function agentEnvironment(agent: InstalledAgent, surroundings: AgentSurroundings): Record<string, string> {
  const { home, credentials, inherited, reach } = surroundings
  const environment = withoutOwn(inherited)
  environment.VOLTTRON_HOME = home
  environment.AGENT_VIP_IDENTITY = agent.identity
  environment.AGENT_CREDENTIALS = credentials
  environment.AGENT_UUID = agent.uuid
  environment._LAUNCHED_BY_PLATFORM = '1'
  const config = join(agent.folder, AgentFile.config)
  if (existsSync(config)) environment.AGENT_CONFIG = config
  if (agent.tag !== undefined) environment.AGENT_TAG = agent.tag
  if (reach) {
    environment.VOLTTRON_VIP_ADDR = reach.address
    environment.VOLTTRON_SERVERKEY = reach.serverKey
  }
  if (agent.launch?.kind === 'python') Object.assign(environment, pythonEnvironment(agent, inherited))
  return environment
}

/** What a program started by the platform gets of its environment: without what is meant for the platform alone. */
export function withoutOwn(environment: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const rest: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !NOT_INHERITED.test(name)) rest[name] = value
  }
  return rest
}

function pythonEnvironment({ folder }: InstalledAgent, { PATH }: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const environment = join(folder, AgentFile.environment)
  return {
    VIRTUAL_ENV: environment,
    PATH: [join(environment, 'bin'), ...(PATH === undefined ? [] : [PATH])].join(delimiter),
    // Its output goes into a file: a line belongs there when it is printed, not when some kilobytes are full.
    PYTHONUNBUFFERED: '1',
  }
}

/** The command that runs an agent. @returns `undefined` when another platform has installed it */
export function agentCommand({ folder, launch }: InstalledAgent): { command: string; args: string[] } | undefined {
  if (launch?.kind === 'node') {
    return { command: process.execPath, args: [resolve(folder, launch.code, launch.main)] }
  }
  if (launch?.kind === 'python') {
    const { module, function: run } = launch
    return {
      command: join(folder, AgentFile.environment, 'bin', 'python'),
      args: ['-c', `from ${module} import ${run}; ${run}()`],
    }
  }
  return undefined
}
