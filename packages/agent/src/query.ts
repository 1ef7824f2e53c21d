/** `agent.vip.query`: properties of the platform (VIP specification, section 4.5). */
import { frameText, Subsystem, VolttronError } from '@volttron/vip'
import type { Bus } from './bus.ts'
import { decodeValue, isPrintable } from './classic-values.ts'

/** Questions that stop a Python router. */
const FATAL_TO_CLASSIC = ['platform-version', 'serverkey', 'volttron-central-address', 'volttron-central-serverkey']

/** Makes the `query` function of an agent. */
export function createQuery(bus: Bus): (property: string) => Promise<unknown> {
  bus.handle(Subsystem.query, ({ id, args }) => {
    bus.requests.settle(frameText(id), args)
  })
  return async (property) => {
    if (bus.wire?.batched === false && FATAL_TO_CLASSIC.includes(property))
      throw new VolttronError('unavailable', `a classic platform does not answer the query '${property}'`)
    const [, value] = await bus.request(Subsystem.query, [property], `query of '${property}'`)
    return value === undefined || value.length === 0 ? undefined : propertyOf(value)
  }
}

/** Lists are JSON and some numbers binary; all else is text, even when it looks like a number: a version, say. */
function propertyOf(frame: Buffer): unknown {
  const isList = frame[0] === 0x5b
  return isList || !isPrintable(frame) ? decodeValue(frame) : frameText(frame)
}
