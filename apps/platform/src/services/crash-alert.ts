/** What is published when an agent crashes: an alert as Python agents send them (VIP specification, section 4.11). */
import { ReservedIdentity } from '@volttron/vip'
import type { AgentCrash } from '../supervisor/agents.ts'
import { isoTimestamp } from './timestamp.ts'

/** Class of the service that watches agents on a Python platform: listeners look for this topic. */
const SERVICE_CLASS = 'ControlService'

export interface Alert {
  readonly topic: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly message: string
}

export function crashAlert(
  { agent, last, failures, retryInMs }: AgentCrash,
  instanceName: string,
  now = new Date(),
): Alert {
  const key = `Agent ${agent.name}(${agent.uuid}) stopped unexpectedly`
  const how = last.pid === undefined ? 'it could not be started' : `exit code ${last.code}`
  const what =
    retryInMs === undefined
      ? `Attempts to restart failed (${failures - 1} made, ${how})`
      : `Restart ${failures} follows in ${retryInMs / 1000} s (${how})`
  return {
    topic: `alerts/${SERVICE_CLASS}/${`${instanceName}.${ReservedIdentity.control}`.replaceAll('.', '_')}`,
    headers: { alert_key: key },
    message: JSON.stringify({ status: 'BAD', context: `${key}. ${what}`, last_updated: isoTimestamp(now.getTime()) }),
  }
}
