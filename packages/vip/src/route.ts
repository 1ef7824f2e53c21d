/** Where a message came from: interned like a topic, so that a record carries a small number instead. */

export interface Route {
  /** Instance name of the origin; `''` on the connection between an agent and its own platform. */
  readonly platform: string
  /** Random number the origin drew at its start; together with `platform` it names a stream. */
  readonly epoch: number
  /** Identity of the publisher on the origin. */
  readonly sender: string
  /** Platforms the message has passed since its origin, nearest last. */
  readonly path: readonly string[]
}

/** Text form: equal routes have equal text, so it is both the wire form and the interning key. */
export const formatRoute = (route: Route): string =>
  JSON.stringify([route.platform, route.epoch, route.sender, ...route.path])

/** Reads {@link formatRoute}'s text; `undefined` when it is none. */
export function parseRoute(text: string): Route | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  const [platform, epoch, sender, ...path] = value as unknown[]
  if (typeof platform !== 'string' || typeof sender !== 'string' || !Number.isSafeInteger(epoch)) return undefined
  if (path.length > 64 || !path.every((hop) => typeof hop === 'string')) return undefined
  return { platform, epoch: epoch as number, sender, path: path as string[] }
}
