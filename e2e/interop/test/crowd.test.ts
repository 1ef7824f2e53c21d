/** Two hundred Python agents on one platform. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { eventually } from '@volttron/testkit'
import { ANY_PORT, PATIENCE_MS, type Site, Stage } from '../../test/support/stage.ts'
import type { PythonAgent } from '../support/python-agent.ts'
import { PythonProcess } from '../support/python-process.ts'

const AGENTS = 200
const PROCESSES = 4

const stage = new Stage()
let site: Site
const agents: PythonAgent[] = []

beforeAll(async () => {
  site = await stage.programs.startPlatform('here', ANY_PORT)
  const identities = Array.from({ length: AGENTS }, (_, index) => `py.${index}`)
  const { agent } = await stage.operator(site.home)
  for (const identity of identities)
    await agent.vip.rpc.callWith('platform.auth', 'create_agent', { kwargs: { identity } })
  const processes = Array.from({ length: PROCESSES }, () => PythonProcess.start(stage, site.home))
  agents.push(...(await Promise.all(identities.map((one, index) => processes[index % PROCESSES]!.agent(one)))))
})

afterAll(() => stage.cleanUp())

it('all are connected, and all see each other', async () => {
  const peers = (await agents[0]!.vip('peerlist.list')) as string[]
  expect(peers).toEqual(expect.arrayContaining(agents.map(({ identity }) => identity)))
})

it('a message of one reaches all', async () => {
  await Promise.all(agents.map((agent) => agent.subscribe('all/')))
  expect(await agents[7]!.publish('all/a', 'hello')).toBe(AGENTS)
  await eventually(() => agents.every((agent) => agent.bodies('all/').length === 1), { timeoutMs: PATIENCE_MS })
})

it('messages of all reach one', async () => {
  await agents[0]!.subscribe('one/')
  await Promise.all(agents.map((agent) => agent.publish(`one/${agent.identity}`, agent.identity)))
  await eventually(() => agents[0]!.bodies('one/').length >= AGENTS, { timeoutMs: PATIENCE_MS })
  expect(agents[0]!.bodies('one/').toSorted()).toEqual(agents.map(({ identity }) => `"${identity}"`).toSorted())
})

it('each calls its neighbour', async () => {
  const answers = await Promise.all(
    agents.map((agent, index) => agent.call(agents[(index + 1) % AGENTS]!.identity, 'who_calls')),
  )
  expect(answers).toEqual(agents.map(({ identity }) => [identity, identity]))
})
