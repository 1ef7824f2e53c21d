/**
 * Our SDK: `write()` with `drain`, and calls. Settings: `identity`, `volttronHome`; connection n > 0 of a process is the
 * agent `<identity>-<n>`.
 */
import { Agent, type RpcContext } from '@volttron/agent'
import type { Connection } from './connection.ts'

/** As much may wait in the client; NATS and MQTT clients hold about as much. */
const SEND_QUEUE_BYTES = 4 * 1024 * 1024
const START_MS = 60_000
const ALL_PLATFORMS = true

export async function connect(settings: Readonly<Record<string, string>>, connection: number): Promise<Connection> {
  const identity = connection === 0 ? settings.identity! : `${settings.identity}-${connection}`
  const agent = new Agent({ identity, volttronHome: settings.volttronHome!, sendQueueBytes: SEND_QUEUE_BYTES })
  await agent.start({ timeoutMs: START_MS })
  const { pubsub, rpc } = agent.vip
  const own = `${agent.instanceName}/`
  /** An agent of the own platform is called by its identity alone. */
  const peerOf = (name: string) => (name.startsWith(own) ? name.slice(own.length) : name)

  let mayGoOn = true
  agent.on('drain', () => {
    mayGoOn = true
  })
  /** `write()` takes its message even when it asks for a pause. */
  const write = (topic: string, message: unknown): boolean => {
    if (!mayGoOn) return false
    mayGoOn = pubsub.write({ topic, message })
    return true
  }

  return {
    publish: write,
    publishJson: write,
    writable: () => (mayGoOn ? Promise.resolve() : new Promise((resolve) => agent.once('drain', () => resolve()))),
    async subscribe(prefix, _options, onMessage) {
      await pubsub.subscribe({
        prefix,
        allPlatforms: ALL_PLATFORMS,
        callback: (_peer, _sender, _bus, _topic, _headers, message) => onMessage(message),
      })
    },
    async serve() {
      rpc.export('echo', (body: unknown) => body, { params: ['body'] })
      rpc.export('whoami', (caller: RpcContext) => caller.peer, { withCaller: true, params: [] })
    },
    request: (name, body) => rpc.call(peerOf(name), 'echo', body),
    recognised: async (name) => (await rpc.call(peerOf(name), 'whoami')) === identity,
    close: () => agent.stop(),
  }
}
