/** `vctl install`: an agent from a folder, a file, or by the name of its Python package. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AgentRow } from '@volttron/contracts'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { parseDuration } from '../../global-options.ts'
import { Invocation, type Shell } from '../../invocation.ts'
import type { PlatformConnection } from '../../platform-connection.ts'
import { waitUntil } from '../../wait-until.ts'
import { parsePriority } from './life.ts'
import { readAgents } from './selection.ts'

interface InstallOptions {
  readonly tag?: string
  readonly vipIdentity?: string
  readonly agentConfig?: string
  readonly force?: true
  readonly priority?: string
  readonly start?: true
  readonly enable?: true
  readonly editable?: true
  readonly csv?: true
  /** Milliseconds. */
  readonly agentStartTime: number
  readonly preRelease?: true
  readonly allowPrereleases?: true
}

/** Default of `--timeout`: packages may come over a slow line. */
const INSTALL_TIMEOUT_MS = 1_200_000
const DEFAULT_PRIORITY = '50'
const DEFAULT_START_MS = 5_000

const HELP = `
A source is a folder (Node.js: with package.json; Python: with pyproject.toml), an npm tarball (.tgz), a wheel (.whl), a
source archive (.tar.gz), or a requirement that pip understands.

Examples:
  vctl install ./my-agent --vip-identity my.agent --start
  vctl install my-agent-1.2.0.tgz --agent-config config.json --enable
  vctl install volttron-listener --pre --vip-identity listener --tag demo --start`

export function addInstallCommand(program: Command, shell: Shell): void {
  program
    .command('install <source>')
    .description('install an agent')
    .option('--tag <tag>', 'tag for the agent')
    .option(
      '--vip-identity <identity>',
      'identity of the agent (default: what its author wants, else made of its name)',
    )
    .option('--agent-config <file>', 'configuration the agent is started with: YAML or JSON')
    .option('-f, --force', 'replace an agent of the same identity; its data, tag and priority stay')
    .option('--priority <number>', 'start it with the platform; from 0 to 99, low numbers first', parsePriority)
    .option('--start', 'start it when it is installed')
    .option(
      '--enable',
      `start it with the platform, with priority ${DEFAULT_PRIORITY} unless --priority says otherwise`,
    )
    .option('--editable', 'run the code where it is, instead of copying it; folders only')
    .option('--csv', 'print the result as two lines of comma-separated values')
    .option('--agent-start-time <seconds>', 'how long --start waits for the agent', parseDuration, DEFAULT_START_MS)
    .option('--pre, --pre-release', 'take pre-releases of Python packages too')
    .option('--allow-prereleases', 'the same as --pre')
    .addHelpText('after', HELP)
    .action(async (source: string, options: InstallOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      const request = requestFrom(source, options)
      const platform = await invocation.connect(invocation.givenTimeoutMs ?? INSTALL_TIMEOUT_MS)
      try {
        const uuid = (await platform.call(ReservedIdentity.control, 'install_agent', [request])) as string
        const started = options.start && (await waitForStart(platform, uuid, options.agentStartTime))
        report(invocation, options, resultOf(uuid, options, started))
      } finally {
        await platform.close()
      }
    })
}

/** Options as `install_agent` takes them (VIP specification, section 7.2). The platform reads paths itself. */
function requestFrom(source: string, options: InstallOptions): object {
  return {
    source: sourceOf(source),
    start: options.start === true,
    identity: options.vipIdentity ?? null,
    tag: options.tag ?? null,
    editable: options.editable === true,
    force: options.force === true,
    allow_prerelease: options.preRelease === true || options.allowPrereleases === true,
    ...(options.agentConfig === undefined ? {} : { agent_config: readConfig(options.agentConfig) }),
    enabled: options.enable === true || options.priority !== undefined,
    priority: options.priority ?? null,
  }
}

/** What is there is a path; what looks like one has to be there; all else names a package. */
export function sourceOf(source: string): string {
  const path = resolve(source)
  if (existsSync(path)) return path
  if (!/[\\/]|\.(whl|tgz|tar\.gz)$/.test(source)) return source
  throw new VolttronError('not-found', `there is no file or folder ${path}`)
}

function readConfig(file: string): string {
  const path = resolve(file)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new VolttronError('not-found', `cannot read the configuration ${path}`, { cause: error })
  }
}

/** An agent that has connected is up; one that ended, or waits to be started again, is not. */
async function waitForStart(
  platform: PlatformConnection,
  uuid: string,
  timeoutMs: number,
): Promise<AgentRow | undefined> {
  let row: AgentRow | undefined
  await waitUntil(async () => {
    row = (await readAgents(platform)).find((agent) => agent.uuid === uuid)
    if (row?.status !== 'running') return row === undefined || row.status !== 'starting'
    return (await platform.peerlist()).includes(row.identity)
  }, timeoutMs)
  return row?.status === 'running' ? row : undefined
}

/** Fields of Python's `vctl install --json`. */
function resultOf(uuid: string, options: InstallOptions, started: AgentRow | false | undefined) {
  const isEnabled = options.enable === true || options.priority !== undefined
  return {
    agent_uuid: uuid,
    ...(options.tag === undefined ? {} : { tag: options.tag }),
    ...(isEnabled ? { enabling: true, priority: options.priority ?? DEFAULT_PRIORITY } : {}),
    ...(options.start ? { starting: true, started: Boolean(started) } : {}),
    ...(started ? { pid: started.pid } : {}),
  }
}

function report(invocation: Invocation, options: InstallOptions, result: ReturnType<typeof resultOf>): void {
  const { agent_uuid: uuid, started, pid } = result
  if (options.csv && !invocation.json) {
    invocation.terminal.print(Object.keys(result).join(','))
    invocation.terminal.print(Object.values(result).join(','))
  } else {
    invocation.show(result, () =>
      started ? `Agent ${uuid} installed and started [${pid}]` : `Agent ${uuid} installed`,
    )
  }
  if (started !== false) return
  throw new VolttronError('unavailable', 'the agent is installed, but it does not run', {
    hint: `see why with: vctl logs ${uuid}`,
  })
}
