/**
 * The part of `platform.control` that is about agents, with the arguments and results of the Python platform (VIP
 * specification, section 7.2). Whatever changes something needs a rule; what it only tells is open to agents of this platform.
 */
import type { AgentRow as AgentReport } from '@volttron/contracts'
import type { RpcParameter } from '@volttron/rpc'
import { VolttronError } from '@volttron/vip'
import type { AgentRow } from '../supervisor/agent-row.ts'
import type { Agents } from '../supervisor/agents.ts'
import { readInstallRequest } from '../supervisor/install-request.ts'
import type { ReadLogOptions } from '../supervisor/log-files.ts'
import type { ServiceMethods } from './service-methods.ts'

const UUID: RpcParameter = { name: 'uuid', annotation: 'str' }

export function exportAgentMethods(methods: ServiceMethods, agents: Agents): void {
  exportViews(methods, agents)
  exportInstallation(methods, agents)
  exportLife(methods, agents)
  exportLogs(methods, agents)
}

function exportViews(methods: ServiceMethods, agents: Agents): void {
  const open = (name: string, params: readonly RpcParameter[], doc: string, tell: (...args: never[]) => unknown) =>
    methods.exportOpen(name, tell, { params, doc })

  open('list_agents', [], 'Every installed agent.', () =>
    agents.list().map(({ name, uuid, tag, priority, identity }) => ({
      name,
      uuid,
      tag: tag ?? null,
      priority: priority ?? null,
      identity,
    })),
  )
  const user = { name: 'get_agent_user', default: false, annotation: 'bool' }
  open('status_agents', [user], 'Agents that were started: [uuid, name, [pid, exit code], identity].', () =>
    agents
      .list()
      .filter(({ uuid }) => agents.wasStarted(uuid))
      .map(({ uuid, name, identity }) => [uuid, name, agents.pidAndCode(uuid), identity]),
  )
  open('agent_status', [UUID], 'Process and exit code: [pid, exit code].', (uuid: unknown) =>
    agents.pidAndCode(text('uuid', uuid)),
  )
  open('agent_name', [UUID], 'Name and version of the package.', (uuid: unknown) => agents.get(text('uuid', uuid)).name)
  open('agent_version', [UUID], 'Version of the package.', (uuid: unknown) => agents.get(text('uuid', uuid)).version)
  open('agent_versions', [], 'Name and version of each agent, by uuid.', () =>
    Object.fromEntries(agents.list().map(({ uuid, name, version }) => [uuid, [name, version]])),
  )
  open(
    'agent_priority',
    [UUID],
    'Its place in the order of the start; empty when it is not started with the platform.',
    (uuid: unknown) => agents.get(text('uuid', uuid)).priority ?? '',
  )
  open('agent_vip_identity', [UUID], 'Its identity.', (uuid: unknown) => agents.get(text('uuid', uuid)).identity)
  const identityParam = { name: 'identity', annotation: 'str' }
  open(
    'identity_exists',
    [identityParam],
    'The uuid of the agent with this identity, or null.',
    (identity: unknown) => agents.byIdentity(text('identity', identity))?.uuid ?? null,
  )
  open('agents', [], 'Every installed agent with its process and what that uses.', (): AgentReport[] =>
    agents.list().map(({ uuid }) => report(agents.row(uuid))),
  )
}

function exportInstallation(methods: ServiceMethods, agents: Agents): void {
  methods.export('install_agent', (options: unknown) => agents.install(readInstallRequest(options)), {
    params: [{ name: 'install_options', annotation: 'dict' }],
    doc: 'Installs an agent and gives its uuid.',
    returns: 'str',
  })
  methods.export(
    'remove_agent',
    async (uuid: unknown, removeAuth: unknown) => await agents.remove(text('uuid', uuid), removeAuth !== false),
    { params: [UUID, { name: 'remove_auth', default: true, annotation: 'bool' }], doc: 'Stops and removes an agent.' },
  )
  methods.export('tag_agent', (uuid: unknown, tag: unknown) => agents.tag(text('uuid', uuid), textOrNone('tag', tag)), {
    params: [UUID, { name: 'tag', annotation: 'str' }],
    doc: 'Gives an agent a tag; null takes it away.',
  })
  methods.export(
    'prioritize_agent',
    (uuid: unknown, priority: unknown) => agents.prioritize(text('uuid', uuid), textOrNone('priority', priority)),
    {
      params: [UUID, { name: 'priority', default: '50', annotation: 'str' }],
      doc: 'Starts an agent with the platform, low numbers first; null: no longer.',
    },
  )
  const notSupported = () => {
    throw new VolttronError(
      'usage',
      'libraries cannot be installed on this platform: there is no environment that agents share',
      {
        hint: 'each Python agent has an environment of its own; name the library among the requirements of the agent',
      },
    )
  }
  methods.export('install_library', notSupported, {
    params: ['source', 'data', 'force', 'allow_prerelease'],
    doc: 'Not supported: each agent has an environment of its own.',
  })
  methods.export('remove_library', notSupported, {
    params: ['library'],
    doc: 'Not supported: each agent has an environment of its own.',
  })
}

function exportLife(methods: ServiceMethods, agents: Agents): void {
  const change = (name: string, doc: string, act: (uuid: string) => Promise<void>) =>
    methods.export(name, (uuid: unknown) => act(text('uuid', uuid)), { params: [UUID], doc })

  change('start_agent', 'Starts an agent.', (uuid) => agents.start(uuid))
  change('stop_agent', 'Stops an agent, by force when it does not end by itself.', (uuid) => agents.stop(uuid))
  change('restart_agent', 'Stops and starts an agent.', (uuid) => agents.restart(uuid))
  methods.export('shutdown', () => agents.stopAll(), { params: [], doc: 'Stops all agents; the platform goes on.' })
  methods.export('clear_status', (all: unknown) => agents.clearStatus(all === true), {
    params: [{ name: 'clear_all', default: false, annotation: 'bool' }],
    doc: 'Forgets how agents ended; with clear_all also calls off restarts that are to come.',
  })
}

function exportLogs(methods: ServiceMethods, agents: Agents): void {
  methods.export('list_logs', async () => ({ logs: await agents.logs.list(), retention: agents.logs.retention }), {
    params: [],
    doc: 'Log files of agents and installations.',
  })
  methods.export(
    'read_log',
    (id: unknown, tail: unknown, offset: unknown, before: unknown, maxBytes: unknown) =>
      agents.logs.read(text('log_id', id), {
        tail: numberOrNone('tail', tail),
        offset: numberOrNone('offset', offset),
        before: numberOrNone('before', before),
        maxBytes: numberOrNone('max_bytes', maxBytes),
      } satisfies ReadLogOptions),
    {
      params: [
        { name: 'log_id', annotation: 'str' },
        { name: 'tail', default: 200, annotation: 'int' },
        { name: 'offset', default: null, annotation: 'int' },
        { name: 'before', default: null, annotation: 'int' },
        { name: 'max_bytes', default: 65_536, annotation: 'int' },
      ],
      doc: 'Lines of a log: the last ones, or those behind or before a byte.',
    },
  )
}

function report({ agent, ...row }: AgentRow): AgentReport {
  return {
    identity: agent.identity,
    uuid: agent.uuid,
    name: agent.name,
    version: agent.version,
    kind: agent.launch?.kind ?? null,
    tag: agent.tag ?? null,
    priority: agent.priority ?? null,
    status: row.status,
    pid: row.pid ?? null,
    exit_code: row.exitCode ?? null,
    restarts: row.restarts,
    uptime_s: inSeconds(row.uptimeMs),
    restart_in_s: inSeconds(row.restartInMs),
    cpu_percent: row.cpuPercent === undefined ? null : Math.round(row.cpuPercent * 10) / 10,
    memory_mb: row.memoryBytes === undefined ? null : Math.round(row.memoryBytes / 1e5) / 10,
    log: `agents/${agent.identity}.log`,
  }
}

const inSeconds = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms / 100) / 10)

/** @throws VolttronError `usage` */
function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new VolttronError(
    'usage',
    `expected a string for '${name}'; got ${value === '' ? 'an empty one' : typeof value}`,
  )
}

function textOrNone(name: string, value: unknown): string | undefined {
  return value === null || value === undefined || value === '' ? undefined : text(name, value)
}

function numberOrNone(name: string, value: unknown): number | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new VolttronError('usage', `expected a number for '${name}'; got ${typeof value}`)
}
