// An agent as a process of its own, for tests that stop or kill one. It subscribes to the prefix given and tells its parent
// what happens: { event: 'ready' }, { event: 'message', topic }, { event: 'refused', text }.
//
//   agent.mjs IDENTITY VOLTTRON_HOME PREFIX
import { Agent } from '@volttron/agent'

const [identity, volttronHome, prefix] = process.argv.slice(2)
const agent = new Agent({ identity, volttronHome })
const tell = (event, fields = {}) => process.send?.({ event, ...fields })

// A test that is gone needs no agent.
process.on('disconnect', () => process.exit(0))
agent.on('error', (error) => tell('error', { text: error.message }))
agent.on('refused', (error) => tell('refused', { text: error.message }))
agent.on('connected', () => tell('connected'))
agent.vip.rpc.export('whoami', () => `${identity} in process ${process.pid}`)
await agent.vip.pubsub.subscribe({ prefix, callback: (_peer, _sender, _bus, topic) => tell('message', { topic }) })
try {
  await agent.start()
  tell('ready')
} catch (error) {
  tell('failed', { code: error.code, text: error.message })
}
