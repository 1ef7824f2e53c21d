/**
 * A method that only those may call whom the operator allows. The agent calls itself: refused until there is a rule.
 *
 *     vctl auth add vault
 *     node examples/dist/protected-method.js
 *     vctl authz add agent vault --rpc-capabilities vault.open
 *     node examples/dist/protected-method.js
 */
import { Agent, agentEnvironment, RemoteError } from '@volttron/agent'

const agent = new Agent({ identity: agentEnvironment().identity ?? 'vault' })
agent.vip.rpc.export('open', () => 'the vault is open', { protected: true })
await agent.start()
try {
  console.log(await agent.vip.rpc.call(agent.identity, 'open'))
} catch (error) {
  console.log(`refused: ${error instanceof RemoteError ? error.detail : error}`)
}
await agent.stop()
