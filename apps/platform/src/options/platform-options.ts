/**
 * From a command line to validated options: the only place where the daemon's configuration is decided.
 *
 * `parsePlatformOptions` touches nothing but its ports, so that every rule here is tested without a process.
 */
import { isAbsolute, join, resolve } from 'node:path'
import {
  optionName,
  type Resolved,
  type ResolvedOptions,
  readVolttronFile,
  resolveOptions,
  type VolttronFile,
} from '@volttron/config'
import { formatAddress, instanceNameFromHost, instanceNameProblem, VolttronError } from '@volttron/vip'
import { type AddressOptions, checkAddresses } from './addresses.ts'
import { type PlatformCatalogue, platformCatalogue, withoutEffect } from './catalogue.ts'
import { type Action, ENVIRONMENT_PREFIX, readCommandLine } from './command-line.ts'
import { checkFederation, type FederationOptions, federationNotices } from './federation-options.ts'
import { isGeneratedConfig } from './generated-config.ts'
import { type LogOptions, levelFromPython, readLogLevels } from './log-options.ts'
import { about, codeOf, optionError } from './option-problem.ts'

/** Everything the platform is told from outside. Frozen. */
export interface PlatformOptions {
  /** Absolute path of VOLTTRON_HOME. */
  readonly home: string
  readonly instanceName: string
  readonly addresses: AddressOptions
  /** `undefined` when federation is not enabled. */
  readonly federation: FederationOptions | undefined
  readonly log: LogOptions
  readonly limits: LimitOptions
  readonly agents: AgentsOptions
  /** What a peer hears that queries `agent-monitor-frequency`, in seconds. */
  readonly agentMonitorFrequencyS: number
}

/** How agents are run. */
export interface AgentsOptions {
  /** Enabled agents are started with the platform. */
  readonly autostart: boolean
  /** The interpreter that makes the environments of Python agents. */
  readonly python: string
  /** Another user of the system they run as. */
  readonly user: string | undefined
  readonly restarts: number
  readonly restartDelayMs: number
  readonly stopMs: number
}

/** Bounds that guard memory and time. */
export interface LimitOptions {
  readonly maxMessageBytes: number
  readonly peerQueueBytes: number
  readonly maxUnauthenticated: number
  readonly maxUnauthenticatedPerAddress: number
  readonly handshakeTimeMs: number
  readonly maxHandshakes: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatTimeoutMs: number
}

/** What the outside world gives to {@link parsePlatformOptions}. */
export interface OptionPorts {
  /** The text of a file; `undefined` when there is none. @throws VolttronError `system` */
  readFile(path: string): string | undefined
  readonly hostName: string
  readonly userHome: string
  readonly workingFolder: string
  readonly version: string
}

export type PlatformCommand =
  | {
      readonly action: Action
      readonly json: boolean
      readonly options: PlatformOptions
      /** One line each: what was accepted but has no effect, or probably is not meant so. */
      readonly notices: readonly string[]
      /** Every option with value and source, as it came out; for {@link printConfig}. */
      readonly resolved: ResolvedOptions<PlatformCatalogue>
    }
  /** `--help` or `--version`: print the text and stop. */
  | { readonly action: 'show'; readonly text: string }

/**
 * @param argv without the names of interpreter and script
 * @throws VolttronError `usage` (64) for what was typed, `config` (78) for what stands in the file, `system` (71)
 */
export function parsePlatformOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  ports: OptionPorts,
): PlatformCommand {
  const line = readCommandLine(argv, ports.version)
  if ('show' in line) return { action: 'show', text: line.show }

  const home = homeFolder(env, ports)
  const configPath = line.configFile === undefined ? join(home, 'config') : absolute(line.configFile, ports)
  const text = ports.readFile(configPath)
  if (text === undefined && line.configFile !== undefined) {
    throw new VolttronError('usage', `--config: there is no file ${configPath}`)
  }
  const file = text === undefined ? undefined : readVolttronFile(text, configPath)
  const { options, problems } = resolveOptions(platformCatalogue, {
    flags: line.flags,
    environment: env,
    environmentPrefix: ENVIRONMENT_PREFIX,
    ...(file === undefined ? {} : { file }),
  })
  const [problem] = problems
  if (problem) {
    throw new VolttronError(codeOf(problem.kind), problem.message, problem.hint ? { hint: problem.hint } : {})
  }

  const addresses = checkAddresses(options, home)
  const federation = checkFederation(options, addresses, (name) => readOptionFile(options[name], configPath, ports))
  const platform: PlatformOptions = {
    home,
    instanceName: checkInstanceName(options, ports.hostName),
    addresses,
    federation,
    log: checkLog(options, configPath, ports),
    limits: checkLimits(options),
    agents: {
      autostart: options.autostart.value,
      python: options.agentPython.value,
      user: options.agentUser.value,
      restarts: options.agentRestarts.value,
      restartDelayMs: options.agentRestartDelay.value,
      stopMs: options.agentStopTime.value,
    },
    agentMonitorFrequencyS: options.agentMonitorFrequency.value,
  }
  return {
    action: line.action,
    json: line.json,
    options: deepFreeze(platform),
    notices: [
      ...optionNotices(options),
      ...[...(file?.sections.keys() ?? [])].map((name) => `section [${name}] of ${configPath} has no effect`),
      // What we wrote ourselves is written anew.
      ...(file && !isGeneratedConfig(text ?? '') ? addressNotices(options, addresses, file) : []),
      ...federationNotices(options, addresses, federation),
    ],
    resolved: effective(options, platform),
  }
}

function homeFolder(env: Readonly<Record<string, string | undefined>>, ports: OptionPorts): string {
  const given = env.VOLTTRON_HOME?.trim() || '~/.volttron'
  return absolute(given.replace(/^~(?=\/|$)/, ports.userHome), ports)
}

const absolute = (path: string, ports: OptionPorts): string => resolve(ports.workingFolder, path)

/** A path in the configuration file is relative to that file, any other to the working folder. */
function optionPath(option: Resolved<string | undefined>, configPath: string, ports: OptionPorts): string | undefined {
  if (option.value === undefined || isAbsolute(option.value)) return option.value
  return option.source.kind === 'file' ? resolve(configPath, '..', option.value) : absolute(option.value, ports)
}

function readOptionFile(option: Resolved<string | undefined>, configPath: string, ports: OptionPorts) {
  const path = optionPath(option, configPath, ports)
  if (path === undefined) return undefined
  const text = ports.readFile(path)
  if (text === undefined) throw optionError(option, `there is no file ${path}`)
  return text
}

function checkInstanceName(options: ResolvedOptions<PlatformCatalogue>, hostName: string): string {
  const option = options.instanceName
  if (option.value === undefined) return instanceNameFromHost(hostName)
  const problem = instanceNameProblem(option.value)
  if (problem) throw optionError(option, `'${option.value.slice(0, 100)}' is no instance name`, problem)
  return option.value
}

function checkLog(options: ResolvedOptions<PlatformCatalogue>, configPath: string, ports: OptionPorts): LogOptions {
  const levels = about(options.logLevel, () => readLogLevels(options.logLevel.value))
  const python = options.verboseness.value
  const usePython = python !== undefined && options.logLevel.source.kind === 'default'
  return {
    level: usePython ? levelFromPython(python) : levels.level,
    componentLevels: levels.componentLevels,
    format: options.logFormat.value,
    file: optionPath(options.log, configPath, ports),
  }
}

function checkLimits(options: ResolvedOptions<PlatformCatalogue>): LimitOptions {
  const heartbeatIntervalMs = options.heartbeatInterval.value
  const heartbeatTimeoutMs = options.heartbeatTimeout.value
  if (heartbeatTimeoutMs < 2 * heartbeatIntervalMs) {
    const option =
      options.heartbeatTimeout.source.kind === 'default' ? options.heartbeatInterval : options.heartbeatTimeout
    throw optionError(option, 'the heartbeat time-out must be at least twice the heartbeat interval')
  }
  return {
    maxMessageBytes: options.maxMessageSize.value,
    peerQueueBytes: options.peerQueueSize.value,
    maxUnauthenticated: options.maxUnauthenticated.value,
    maxUnauthenticatedPerAddress: options.maxUnauthenticatedPerAddress.value,
    handshakeTimeMs: options.handshakeTime.value,
    maxHandshakes: options.maxHandshakes.value,
    heartbeatIntervalMs,
    heartbeatTimeoutMs,
  }
}

function optionNotices(options: ResolvedOptions<PlatformCatalogue>): string[] {
  return Object.entries(withoutEffect).flatMap(([property, { reason, unless }]) => {
    const { value, source } = options[property as keyof PlatformCatalogue]
    if (source.kind === 'default' || value === unless) return []
    return [`${optionName(property)} (${source.where}) has no effect: ${reason}`]
  })
}

/** Agents in Python, and Python's `vctl`, know of the file only. */
function addressNotices(
  { address }: ResolvedOptions<PlatformCatalogue>,
  { listen, local }: AddressOptions,
  file: VolttronFile,
): string[] {
  if (address.source.kind === 'file') return []
  const named = file.entries.find(({ key }) => key === 'address')?.values[0]
  const served = [...listen, local].map(formatAddress)
  if (named === undefined || served.includes(named)) return []
  return [
    `${file.name} names the address ${named}, which is not served now: Python agents and tools will dial it (mend it there)`,
  ]
}

/** What is in force, defaults that depend on other things included. */
function effective(options: ResolvedOptions<PlatformCatalogue>, platform: PlatformOptions) {
  const derived = <T>(option: Resolved<T>, value: T, where: string): Resolved<T> =>
    option.source.kind === 'default' ? { value, source: { kind: 'default', where } } : option
  const { addresses, log } = platform
  const advertised = addresses.advertise && formatAddress(addresses.advertise)
  return {
    ...options,
    instanceName: derived(options.instanceName, platform.instanceName, 'default, from the host name'),
    address: derived(options.address, addresses.listen.map(formatAddress), 'default'),
    localAddress: derived(options.localAddress, formatAddress(addresses.local), 'default, from VOLTTRON_HOME'),
    advertiseAddress: derived(options.advertiseAddress, advertised, 'default, the first address'),
    logLevel: derived(options.logLevel, [log.level], 'default'),
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
