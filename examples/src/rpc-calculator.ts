/**
 * An agent that offers a method to others, and a caller for it.
 *
 *     vctl auth add calculator
 *     node examples/dist/rpc-calculator.js                              serves until it is stopped
 *
 *     vctl auth add calculator.user
 *     node examples/dist/rpc-calculator.js call calculator 1 2          calls it on the same platform
 *     node examples/dist/rpc-calculator.js call site-2/calculator 1 2   calls it on a federated platform, if that allows it
 *
 * Environment: VOLTTRON_HOME (default ~/.volttron), AGENT_VIP_IDENTITY (default `calculator` or `calculator.user`).
 */
import {
  Agent,
  agentEnvironment,
  describeError,
  type RpcContext,
  RpcErrorCode,
  RpcFault,
  runAgent,
} from '@volttron/agent'

class Calculator extends Agent {
  protected override onSetup(): void {
    this.vip.rpc.export('add', add, { withCaller: true, params: ['a', 'b'], doc: 'The sum of two numbers.' })
  }

  protected override onStart(): void {
    console.log(`${this.identity} serves add(a, b) on ${this.instanceName}`)
  }
}

function add(caller: RpcContext, a: number, b: number): number {
  // Callers may send anything.
  if (typeof a !== 'number' || typeof b !== 'number') {
    throw new RpcFault(RpcErrorCode.invalidParams, 'add takes two numbers')
  }
  console.log(`${caller.peer} asks for ${a} + ${b}`)
  return a + b
}

async function call(peer: string, a: number, b: number): Promise<void> {
  const agent = new Agent({ identity: agentEnvironment().identity ?? 'calculator.user' })
  try {
    await agent.start()
    console.log(`${peer} says: ${a} + ${b} = ${await agent.vip.rpc.call(peer, 'add', a, b)}`)
  } catch (error) {
    console.error(describeError(error))
    process.exitCode = 1
  } finally {
    await agent.stop()
  }
}

const [mode, peer = 'calculator', a = '1', b = '2'] = process.argv.slice(2)
if (mode === 'call') await call(peer, Number(a), Number(b))
else await runAgent(Calculator, { identity: agentEnvironment().identity ?? 'calculator', version: '1.0.0' })
