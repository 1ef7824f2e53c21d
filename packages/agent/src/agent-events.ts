/** What an agent tells its author. */
import type { VolttronError } from '@volttron/vip'

/**
 * `new` until start(), `connecting` until the first welcome, then `connected`; `reconnecting` after a lost connection;
 * `stopping` and `stopped` for good.
 */
export type AgentState = 'new' | 'connecting' | 'connected' | 'reconnecting' | 'stopping' | 'stopped'

export interface AgentEvents {
  /** Connected, or connected again; subscriptions are restored. */
  connected: []
  /** The connection is lost; the agent tries to get it back unless it was stopped. */
  disconnected: [reason: string]
  /** The platform does not want us back, for instance because another copy took our place; the agent keeps trying, slowly. */
  refused: [error: VolttronError]
  /** Something went wrong that nobody waits for: a callback threw, a subscription was refused. Without a listener it goes to stderr. */
  error: [error: Error]
  /** The send queue was full, and now half of it is free. */
  drain: []
}
