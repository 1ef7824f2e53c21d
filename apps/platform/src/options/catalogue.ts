/**
 * Every option of the daemon: name, type, default, description. The command line, the environment, the configuration
 * file, the help text and `--print-config` all come from this table.
 */
import {
  bytesValue,
  choiceValue,
  countValue,
  durationValue,
  flagValue,
  formatBytes,
  formatDuration,
  listValue,
  option,
  textValue,
} from '@volttron/config'

const text = (description: string, placeholder: string) =>
  option<string | undefined>({ description, placeholder, kind: 'value', schema: textValue(), default: undefined })

const list = (description: string, placeholder: string, aliases: readonly string[] = []) =>
  option<readonly string[]>({
    description,
    placeholder,
    aliases,
    kind: 'list',
    schema: listValue(textValue()),
    default: [],
    format: (values) => values.join(', '),
  })

const flag = (description: string, negations: readonly string[] = [], byDefault = false) =>
  option({ description, negations, kind: 'flag', schema: flagValue(), default: byDefault })

const count = (description: string, byDefault: number, [min, max]: readonly [number, number], unit?: string) =>
  option({
    description,
    placeholder: 'N',
    kind: 'value',
    schema: countValue(min, max),
    default: byDefault,
    ...(unit === undefined ? {} : { unit }),
  })

const size = (description: string, byDefault: number, [min, max]: readonly [number, number]) =>
  option({
    description,
    placeholder: 'SIZE',
    unit: 'bytes, or with KiB, MiB, GiB',
    kind: 'value',
    schema: bytesValue(min, max),
    default: byDefault,
    format: formatBytes,
  })

const time = (description: string, defaultMs: number, [minMs, maxMs]: readonly [number, number]) =>
  option({
    description,
    placeholder: 'TIME',
    unit: 'seconds, or with ms, s, min, h',
    kind: 'value',
    schema: durationValue(minMs, maxMs),
    default: defaultMs,
    format: formatDuration,
  })

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const HOUR_MS = 3_600_000

export const platformCatalogue = {
  instanceName: text('unique name of this platform in the federation (default: the host name)', 'NAME'),
  address: list('address to listen on, may be repeated', 'ADDRESS', ['vip-address']),
  localAddress: option<string | undefined>({
    description: 'local socket to listen on (default: ipc://VOLTTRON_HOME/run/vip.socket)',
    placeholder: 'ADDRESS',
    kind: 'value',
    schema: textValue(),
    default: undefined,
    aliases: ['vip-local-address'],
  }),
  advertiseAddress: text(
    'address under which other platforms reach this one (default: the first --address)',
    'ADDRESS',
  ),

  enableFederation: flag('take part in the federation', ['disable-federation']),
  federationUrl: text('URL of the platform registry', 'URL'),
  dialOnly: flag('nobody can reach this platform: it dials the others and needs no address'),
  federationGroup: text('register in this group and trust only its members (default: trust every group)', 'NAME'),
  federationAllow: list('federate with these platforms only', 'NAMES'),
  federationTrust: option<'registry' | 'listed'>({
    description: 'whose keys are trusted: those the registry lists, or only those listed in VOLTTRON_HOME',
    placeholder: 'WHO',
    kind: 'value',
    schema: choiceValue(['registry', 'listed']),
    default: 'registry',
  }),
  federationCa: text('file with the certificates that vouch for the registry', 'FILE'),
  registrationPasswordFile: text('file with the password of the registry', 'FILE'),

  log: text('write the log to this file instead of stdout', 'FILE'),
  logLevel: list('least level that is logged: trace, debug, info, warn, error, fatal; or COMPONENT:LEVEL', 'LEVEL'),
  logFormat: option<'auto' | 'json' | 'pretty'>({
    description: 'how log lines look: auto, json or pretty; auto is pretty on a terminal',
    placeholder: 'FORMAT',
    kind: 'value',
    schema: choiceValue(['auto', 'json', 'pretty']),
    default: 'auto',
  }),
  verboseness: option<number | undefined>({
    description: 'least level that is logged, as a number of Python: 10 debug, 20 info, 30 warning, 40 error',
    placeholder: 'N',
    kind: 'value',
    schema: countValue(0, 100),
    default: undefined,
  }),

  autostart: flag('start the enabled agents with the platform', ['no-autostart'], true),
  agentPython: option<string>({
    description: 'the Python that makes the environments of Python agents',
    placeholder: 'PROGRAM',
    kind: 'value',
    schema: textValue(),
    default: 'python3',
  }),
  agentUser: text('run agents as this user of the system; the platform must run as root', 'NAME'),
  agentRestarts: count('how often an agent that crashed is started again before it is given up', 8, [0, 1_000]),
  agentRestartDelay: time('wait before its first restart; each further one waits four times as long', 1_000, [
    10,
    HOUR_MS,
  ]),
  agentStopTime: time('time an agent has to end when it is stopped; then it is forced to', 10_000, [100, HOUR_MS]),
  agentMonitorFrequency: count('time between looks at the agents', 600, [1, 1_000_000], 'seconds'),

  maxMessageSize: size('largest message a peer may send', 16 * MIB, [64 * KIB, GIB]),
  peerQueueSize: size('what may wait for one slow peer before messages are dropped', 8 * MIB, [64 * KIB, 4 * GIB]),
  maxUnauthenticated: count('connections that have not proven a key yet', 256, [1, 65_536]),
  maxUnauthenticatedPerAddress: count('the same for one remote address', 32, [1, 65_536]),
  handshakeTime: time('time a connection has to prove its key', 5_000, [100, HOUR_MS]),
  maxHandshakes: count('handshakes at the same time', 64, [1, 65_536]),
  heartbeatInterval: time('time between heartbeats on a connection', 5_000, [100, HOUR_MS]),
  heartbeatTimeout: time('silence after which a connection is given up', 20_000, [400, 24 * HOUR_MS]),

  messagebus: option({
    description: 'message bus; zmq is the only one',
    placeholder: 'NAME',
    kind: 'value',
    schema: choiceValue(['zmq']),
    default: 'zmq',
    aliases: ['message-bus'],
  }),
  logConfig: text('accepted for compatibility', 'FILE'),
  monitor: flag('accepted for compatibility'),
  authEnabled: flag('accepted for compatibility', ['auth-disabled'], true),
  dev: flag('accepted for compatibility'),
  agentIsolationMode: flag('accepted for compatibility'),
  serverMessagebusId: option<string>({
    description: 'accepted for compatibility',
    placeholder: 'NAME',
    kind: 'value',
    schema: textValue(),
    default: 'vip.server',
  }),
  enableFederationCache: flag('accepted for compatibility', ['disable-federation-cache']),
  federationCacheLimitGb: text('accepted for compatibility', 'N'),
  federationCacheLimitHours: text('accepted for compatibility', 'N'),
  initialized: flag('accepted for compatibility'),
}

export type PlatformCatalogue = typeof platformCatalogue

/**
 * Options of the Python platform that change nothing here, with the reason. A value that is what this platform does anyway
 * is passed over in silence.
 */
export const withoutEffect: Partial<Record<keyof PlatformCatalogue, { reason: string; unless?: unknown }>> = {
  logConfig: { reason: 'use --log-level and --log-format' },
  monitor: { reason: 'use --log-level debug', unless: false },
  authEnabled: { reason: 'authentication is always on', unless: true },
  dev: { reason: 'there is no development mode', unless: false },
  agentIsolationMode: { reason: 'use --agent-user', unless: false },
  serverMessagebusId: { reason: 'the name of the message bus is fixed', unless: 'vip.server' },
  enableFederationCache: { reason: 'there is no message cache', unless: false },
  federationCacheLimitGb: { reason: 'there is no message cache' },
  federationCacheLimitHours: { reason: 'there is no message cache' },
}
