/** Health of agents as `platform.health` tells it. */
import { ReservedIdentity } from '@volttron/vip'
import type { PlatformConnection } from './platform-connection.ts'

export interface AgentHealth {
  readonly peer?: string
  readonly service_agent?: boolean
  /** ISO 8601. */
  readonly connected?: string
  /** ISO 8601. */
  readonly last_heartbeat?: string
  /** What the last heartbeat said: a word, or an object with `status` and `context`. */
  readonly message?: unknown
}

/** By identity. */
export const readHealth = async (platform: PlatformConnection): Promise<Readonly<Record<string, AgentHealth>>> =>
  ((await platform.call(ReservedIdentity.health, 'get_platform_health')) ?? {}) as Record<string, AgentHealth>

/** `GOOD`, `BAD`...; `undefined` before the first heartbeat. */
export function healthStatus({ message }: AgentHealth): unknown {
  return isObject(message) ? message.status : message
}

/** Why it is so, if the agent says it. */
export function healthContext({ message }: AgentHealth): string | undefined {
  const context = isObject(message) ? message.context : undefined
  if (!context) return undefined
  return typeof context === 'string' ? context : JSON.stringify(context)
}

const isObject = (value: unknown): value is { readonly status?: unknown; readonly context?: unknown } =>
  typeof value === 'object' && value !== null
