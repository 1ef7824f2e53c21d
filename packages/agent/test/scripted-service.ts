/** A service of the platform on a scripted router: an agent of its own with the methods a test gives it. */
import type { Agent } from '../src/agent.ts'
import type { ScriptedRouter } from './scripted-router.ts'
import { testAgent } from './test-agent.ts'

export async function scriptedService(
  router: ScriptedRouter,
  identity: string,
  methods: Readonly<Record<string, (...args: never[]) => unknown>>,
): Promise<Agent> {
  const { agent } = testAgent(router, identity)
  for (const [name, method] of Object.entries(methods)) agent.vip.rpc.export(name, method)
  await agent.start()
  return agent
}
