/** One client connection of one system, inside a client process: all that the orders of a workload need. */
export interface Connection {
  /** Sends; false when the caller should wait for {@link writable} first (the message was not taken). */
  publish(topic: string, body: Buffer): boolean
  /** The same with a value that travels as JSON. */
  publishJson(topic: string, value: unknown): boolean
  /** Resolves when there is room again. */
  writable(): Promise<void>
  /** `json`: bodies are decoded, as a consumer of readings would. Otherwise they are bytes. */
  subscribe(topic: string, options: { json: boolean }, onMessage: (body: unknown) => void): Promise<void>
  /** Answers every request to this name, `<broker>/<role>`, with what it carried. */
  serve(name: string): Promise<void>
  /** One round trip to whoever serves `name`. */
  request(name: string, body: string): Promise<unknown>
  /** Whether whoever serves `name` is told the true sender of a request; absent where receivers are not told it. */
  recognised?(name: string): Promise<boolean>
  close(): Promise<void>
}

/**
 * Connects with what the broker's side has prepared (address, keys, folder), handed over as JSON. `connection` counts from
 * 0 in a process with several.
 */
export type Connect = (settings: Readonly<Record<string, string>>, connection: number) => Promise<Connection>
