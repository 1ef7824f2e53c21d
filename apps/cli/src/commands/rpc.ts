/** `vctl rpc call`: any method of any peer. */
import type { Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'
import { parseJsonArgument } from '../json-argument.ts'

export function addRpcCommands(program: Command, shell: Shell): void {
  program
    .command('rpc')
    .description('remote procedure calls')
    .command('call <peer> <method> [json...]')
    .description('call a method; each argument is a JSON value')
    .addHelpText(
      'after',
      `
Examples:
  vctl rpc call platform.control peerlist
  vctl rpc call thermostat set_point 21.5 '{"unit": "C"}'
  vctl rpc call site-b/thermostat read          a peer on another platform
  vctl rpc call thermostat shift -- -2          arguments that start with a dash come after --`,
    )
    .action(async (peer: string, method: string, json: string[], _options: unknown, command: Command) => {
      const args = json.map(parseJsonArgument)
      const invocation = new Invocation(shell, command)
      const answer = await invocation.withPlatform((platform) => platform.call(peer, method, args))
      invocation.show(answer, () => JSON.stringify(answer ?? null, null, 2))
    })
}
