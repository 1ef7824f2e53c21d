/**
 * Who else is there: the peer list and its changes, ping, hello, and what the platform says of itself. Ends by itself.
 *
 *     vctl auth add neighbour
 *     vctl auth add visitor
 *     node examples/dist/neighbours.js
 */
import { once } from 'node:events'
import { Agent, agentEnvironment } from '@volttron/agent'

const agent = new Agent({ identity: agentEnvironment().identity ?? 'neighbour' })
const visitor = new Agent({ identity: 'visitor' })
const { peerlist, ping, hello, query } = agent.vip

await agent.start()
const added = once(peerlist, 'add')
// Events are asked for with the first listener: the list comes after that.
console.log('control is there:', (await peerlist.list()).includes('platform.control'))
await visitor.start()
console.log('came:', (await added)[0])
console.log('answers:', (await ping.ping('visitor')) >= 0)
console.log('the platform calls us:', (await hello()).identity)
const dropped = once(peerlist, 'drop')
await visitor.stop()
console.log('went:', (await dropped)[0])
console.log('platform:', await query('instance-name'))
await agent.stop()
