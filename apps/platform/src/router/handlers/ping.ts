import { reply } from '../agent-peer.ts'
import type { Handler } from '../bus.ts'

/** The same arguments come back with `pong` first. The operation is not checked: Python's client sends `drop`. */
export const ping: Handler = (_bus, from, request) => {
  reply(from, request, ['pong', ...request.args.slice(1)])
}
