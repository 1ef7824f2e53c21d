/**
 * The configurations that the platform keeps for an agent: read, changed, followed. Ends by itself.
 *
 *     vctl auth add configured
 *     node examples/dist/configuration.js
 */
import { Agent, agentEnvironment, describeError } from '@volttron/agent'

const agent = new Agent({ identity: agentEnvironment().identity ?? 'configured' })
const { config } = agent.vip

config.setDefault('config', { unit: 'kW', registry: 'config://registries/meter' })
await config.subscribe({
  pattern: '*',
  callback: (name, action, contents) => console.log(`${action} ${name}: ${JSON.stringify(contents)}`),
})

try {
  // The callbacks have run when the agent has started: `config` first.
  await agent.start()
  // The default links to this one, so it changes too.
  await config.set('registries/meter', [{ point: 'power', unit: 'kW' }], { triggerCallback: true })
  console.log(`names: ${(await config.list()).join(', ')}`)
  const { registry } = await config.get<{ registry: { point: string }[] }>()
  console.log(`the first point is ${registry[0]!.point}`)
  await config.delete('registries/meter', { triggerCallback: true })
  await config.get('nothing').catch((error: unknown) => console.log(describeError(error)))
} finally {
  await agent.stop()
}
