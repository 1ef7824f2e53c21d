/**
 * Calls of methods: results, errors, batches, notifications, time-outs, cancellation, and what a peer offers. The agent calls
 * itself, as it would call any other. Ends by itself.
 *
 *     vctl auth add caller
 *     node examples/dist/calls.js
 */
import { Agent, agentEnvironment, MethodNotFound, RemoteError, type RpcContext } from '@volttron/agent'

const agent = new Agent({ identity: agentEnvironment().identity ?? 'caller' })
const { rpc } = agent.vip

rpc.export('scale', (value: number, factor: number) => value * factor, {
  params: ['value', { name: 'factor', default: 10 }],
  doc: 'A value, scaled.',
})
rpc.export('whoami', (caller: RpcContext) => caller.peer, { withCaller: true })
rpc.export('divide', (one: number, other: number) => {
  if (other === 0) throw new RangeError('division by zero')
  return one / other
})
rpc.export('never', () => new Promise(() => {}))

await agent.start()
const me = agent.identity
console.log('by position', await rpc.call(me, 'scale', 2))
console.log('by name', await rpc.callWith(me, 'scale', { args: [2], kwargs: { factor: 3 } }))
console.log('on a platform', await rpc.call(`${agent.instanceName}/${me}`, 'whoami'))

const outcomes = await rpc.batch(me, [
  { method: 'scale', args: [1] },
  { method: 'divide', args: [1, 0] },
])
for (const outcome of outcomes)
  console.log('batch', outcome.status === 'fulfilled' ? outcome.value : outcome.reason.message)
rpc.notify(me, 'scale', 1)

try {
  await rpc.call(me, 'divide', 1, 0)
} catch (error) {
  if (error instanceof RemoteError) console.log('error', error.excType, error.detail)
}
await rpc.call(me, 'multiply').catch((error: unknown) => console.log('missing', error instanceof MethodNotFound))
await rpc.callWith(me, 'never', { timeoutMs: 50 }).catch((error: Error) => console.log('late', error.message))
await rpc
  .callWith(me, 'never', { signal: AbortSignal.timeout(50) })
  .catch((error: Error) => console.log('cancelled', error.name))

const { methods } = await rpc.call<{ methods: string[] }>(me, 'inspect')
console.log('offers', methods.includes('scale'), methods.includes('health.get_status'))
console.log('how', JSON.stringify(await rpc.call(me, 'scale.inspect')))
await agent.stop()
