import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'

export interface EventuallyOptions {
  /** default 15,000: a machine with other work to do may need it */
  readonly timeoutMs?: number
  /** What is waited for, for the error. */
  readonly what?: string
}

/**
 * Waits until `condition` gives something truthy and returns it. A condition that throws is asked again; its last error
 * is the cause of the time-out.
 *
 * @example
 * await eventually(() => door.connections === 3, { what: 'three connections' })
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const timeoutMs = options.timeoutMs ?? 15_000
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
    let cause: unknown
    try {
      last = await condition()
      if (last) return last as Exclude<T, false | undefined | null | 0 | ''>
    } catch (error) {
      cause = error
    }
    if (performance.now() >= deadline)
      throw new Error(
        `${options.what ?? 'the condition'} did not come true in ${timeoutMs} ms; last: ${inspect(last)}`,
        {
          cause,
        },
      )
    await delay(pauseMs)
  }
}
