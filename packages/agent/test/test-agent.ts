/** Agents of tests: they dial a scripted router, and a test can move their clock. */
import { randomBytes } from 'node:crypto'
import { keyPairFromSecret } from '@volttron/vip'
import { Agent } from '../src/agent.ts'
import type { AgentOptions } from '../src/agent-options.ts'
import type { AgentPorts } from '../src/ports.ts'
import { systemPorts } from '../src/system-ports.ts'
import { ManualClock } from './manual-clock.ts'
import type { ScriptedRouter } from './scripted-router.ts'

const serverKey = keyPairFromSecret(randomBytes(32)).publicKey

export interface TestAgent<A extends Agent = Agent> {
  readonly agent: A
  readonly clock: ManualClock
  /** What would have gone to stderr. */
  readonly errors: Error[]
  /** To make another one of. */
  readonly options: AgentOptions
  readonly ports: AgentPorts
}

export const testAgent = (router: ScriptedRouter, identity = 'tester', options: AgentOptions = {}): TestAgent =>
  testAgentOf(Agent, router, identity, options)

/** One of a class of its author. */
export function testAgentOf<A extends Agent>(
  type: new (options: AgentOptions, ports: AgentPorts) => A,
  router: ScriptedRouter,
  identity = 'tester',
  options: AgentOptions = {},
): TestAgent<A> {
  const clock = new ManualClock()
  const { now, wallClock, startTimer } = clock
  const ports: AgentPorts = { ...systemPorts, now, wallClock, startTimer, random: () => 0.5, dial: router.dial }
  const { secretKey } = keyPairFromSecret(randomBytes(32))
  const all = { identity, address: 'tcp://127.0.0.1:1', serverKey, secretKey, ...options }
  const agent = new type(all, ports)
  const errors: Error[] = []
  agent.on('error', (error) => errors.push(error))
  return { agent, clock, errors, options: all, ports }
}

/** Lets everything under way arrive: messages take a turn each. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
