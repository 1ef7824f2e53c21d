/** The ports of a real agent: the machine's clock, and CURVE connections over TCP or a local socket. */
import { dial } from '@volttron/transport'
import type { AgentPorts } from './ports.ts'

export const systemPorts: AgentPorts = {
  now: () => performance.now(),
  wallClock: Date.now,
  startTimer: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
  random: Math.random,
  defer: setImmediate,
  dial: (target, signal) => dial({ ...target, signal }),
}
