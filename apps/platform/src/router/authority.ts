/** What the router asks about rights; packages/auth answers. */
export interface Authority {
  /** Changes whenever a rule does; answers may be kept while it stays. */
  readonly version: number
  isProtectedTopic(topic: string): boolean
  mayPublish(identity: string, topic: string): boolean
  /** Whether a message of this topic may be handed to the identity. */
  mayReceive(identity: string, topic: string): boolean
  maySubscribe(identity: string, prefix: string): boolean
  /** @param caller a local identity, or `<platform>/<identity>` */
  mayCallRpc(caller: string, callee: string, method: string, params?: unknown): boolean
  /** Names the positional parameters of a method, for rules that restrict parameters. */
  nameParameters(callee: string, method: string, names: readonly string[]): void
}
