/** The methods that every agent exports (VIP specification, section 4.7), under the names and with the units of Python. */
import { type MethodRegistry, RpcErrorCode, RpcFault } from '@volttron/rpc'
import { ReservedIdentity, toAsciiJson } from '@volttron/vip'
import type { Health } from './health/health.ts'
import type { Heartbeat } from './health/heartbeat.ts'
import { requireHealthValue, toWire } from './health/status.ts'
import type { RpcProtection } from './rpc-protection.ts'

export interface StandardMethodsParts {
  readonly methods: MethodRegistry
  readonly protection: RpcProtection
  readonly health: Health
  readonly heartbeat: Heartbeat
  readonly version: string
}

export function exportStandardMethods(parts: StandardMethodsParts): void {
  const { methods, version } = parts
  methods.export('agent.version', () => version, { params: [], doc: 'Version of the agent.', returns: 'str' })
  exportHeartbeat(parts)
  exportHealth(parts)
  exportForPlatform(parts)
}

function exportHeartbeat({ methods, heartbeat }: StandardMethodsParts): void {
  const period = { name: 'period', annotation: 'float' }
  methods.export('heartbeat.start', () => heartbeat.start(), { params: [], doc: 'Starts the heartbeat.' })
  methods.export(
    'heartbeat.start_with_period',
    (seconds: unknown) => {
      heartbeat.setPeriod(periodMsOf(seconds))
      heartbeat.start()
    },
    { params: [period], doc: 'Sets the period, in seconds, and starts the heartbeat.' },
  )
  methods.export('heartbeat.stop', () => heartbeat.stop(), { params: [], doc: 'Stops the heartbeat.' })
  methods.export('heartbeat.restart', () => heartbeat.restart(), {
    params: [],
    doc: 'Starts the heartbeat anew; the next one comes at once.',
  })
  methods.export('heartbeat.set_period', (seconds: unknown) => heartbeat.setPeriod(periodMsOf(seconds)), {
    params: [period],
    doc: 'Sets the period of the heartbeat, in seconds.',
  })
}

function exportHealth({ methods, health }: StandardMethodsParts): void {
  methods.export(
    'health.set_status',
    (status: unknown, context: unknown) => health.setStatus(requireHealthValue(status), context),
    { params: ['status', { name: 'context', default: null }], doc: 'Says how the agent is.' },
  )
  methods.export('health.get_status', () => toWire(health.status), {
    params: [],
    doc: 'How the agent is: status, context and when it was last updated.',
    returns: 'dict',
  })
  methods.export('health.get_status_json', () => toAsciiJson(toWire(health.status)), {
    params: [],
    doc: 'As health.get_status, as JSON text.',
    returns: 'str',
  })
  methods.export(
    'health.send_alert',
    async (key: unknown, status: unknown) => {
      const { status: value = 'BAD', context = null } = asRecord(status)
      await health.sendAlert(String(key), { value: requireHealthValue(value), context })
    },
    { params: ['alert_key', 'statusobj'], doc: 'Publishes an alert.' },
  )
}

/** What only services of the platform call. */
function exportForPlatform({ methods, protection }: StandardMethodsParts): void {
  const fromAuth = (name: string, method: (...args: never[]) => unknown, params: readonly string[], doc: string) =>
    methods.export(name, protection.onlyFrom(ReservedIdentity.auth, name, method), { params, doc })
  fromAuth(
    'rpc.add_protected_rpcs',
    (updated: unknown) => protection.add(Array.isArray(updated) ? updated.map(String) : []),
    ['updated_list'],
    'Protects more methods: callers need a grant from now on.',
  )
  // Nothing of ours depends on a copy of capabilities: they are asked for at each call.
  fromAuth('auth.update', () => null, ['user_to_capabilities'], 'Takes notice of changed capabilities.')
}

function periodMsOf(seconds: unknown): number {
  if (typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds)) return seconds * 1_000
  throw new RpcFault(
    RpcErrorCode.invalidParams,
    `a period is a number of seconds above 0, not ${JSON.stringify(seconds)}`,
  )
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
