/** What the commands need of a running platform. The agent SDK provides it in production, a table of answers in tests. */

export interface PlatformConnection {
  /** Calls an RPC method. @throws VolttronError `unavailable`, `denied`, `timeout` or whatever the callee raised */
  call(
    peer: string,
    method: string,
    args?: readonly unknown[],
    kwargs?: Readonly<Record<string, unknown>>,
  ): Promise<unknown>
  /** The round trip to a peer and back, in milliseconds. */
  ping(peer: string): Promise<number>
  peerlist(): Promise<readonly string[]>
  /** @returns to how many subscribers here, and to how many other platforms, it was sent */
  publish(topic: string, message: unknown): Promise<number>
  /** @returns when the platform has confirmed the subscription */
  subscribe(prefix: string, allPlatforms: boolean, onMessage: (message: ReceivedMessage) => void): Promise<void>
  close(): Promise<void>
}

export interface ReceivedMessage {
  readonly topic: string
  readonly sender: string
  readonly headers: Readonly<Record<string, unknown>>
  /** A JSON value, or bytes. */
  readonly message: unknown
}

export interface ConnectOptions {
  /** `VOLTTRON_HOME` of the platform. */
  readonly home: string
  /** Where it listens. Default: what its home says. */
  readonly address?: string
  /** How long to wait for the platform, and for each answer. */
  readonly timeoutMs: number
}

/** @throws VolttronError `unavailable` when no platform runs there, `system` when its keys cannot be read */
export type Connect = (options: ConnectOptions) => Promise<PlatformConnection>
