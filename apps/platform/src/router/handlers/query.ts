import { frameText } from '@volttron/vip'
import { reply } from '../agent-peer.ts'
import type { Bus, Handler } from '../bus.ts'

/** `query <property>` is answered by an empty frame and the value; of what we do not know the value is empty. */
export const query: Handler = (bus, from, request) => {
  const property = request.args[0] ? frameText(request.args[0]) : ''
  reply(from, request, ['', properties[property]?.(bus) ?? ''], '')
}

const properties: Readonly<Record<string, ((bus: Bus) => string) | undefined>> = {
  __proto__: null as never,
  addresses: (bus) => JSON.stringify(bus.facts.addresses),
  local_address: (bus) => bus.facts.localAddress,
  serverkey: (bus) => bus.facts.publicKey,
  'instance-name': (bus) => bus.instanceName,
  'message-bus': () => 'zmq',
  'platform-version': (bus) => bus.facts.version,
  'agent-monitor-frequency': (bus) => String(bus.facts.agentMonitorFrequencyS),
}
