/** How well an agent is, in the words of VOLTTRON. */
import { RpcErrorCode, RpcFault } from '@volttron/rpc'
import { formatTimestamp } from '../timestamps.ts'

export const HEALTH_VALUES = ['GOOD', 'BAD', 'STARTING', 'UNKNOWN'] as const

export type HealthValue = (typeof HEALTH_VALUES)[number]

export interface HealthStatus {
  readonly value: HealthValue
  /** What there is to say about it: any JSON value; `null` when nothing. */
  readonly context: unknown
  readonly updatedAt: Date
}

/** As it goes over the wire (VIP specification, section 4.11). */
export interface WireStatus {
  readonly status: string
  readonly context: unknown
  readonly last_updated: string
}

export const toWire = ({ value, context, updatedAt }: HealthStatus): WireStatus => ({
  status: value,
  context,
  last_updated: formatTimestamp(updatedAt),
})

export const isHealthValue = (value: unknown): value is HealthValue => HEALTH_VALUES.includes(value as HealthValue)

/** @throws RpcFault: a caller has sent something else */
export function requireHealthValue(value: unknown): HealthValue {
  if (isHealthValue(value)) return value
  throw new RpcFault(
    RpcErrorCode.invalidParams,
    `a status is one of ${HEALTH_VALUES.join(', ')}, not ${JSON.stringify(value)}`,
  )
}
