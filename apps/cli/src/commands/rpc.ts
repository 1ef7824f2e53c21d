/** `vctl rpc`: any method of any peer. */
import type { Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'
import { parseJsonArgument } from '../json-argument.ts'
import { inspectMethods, inspectPeers, isSubsystemMethod, type MethodsOfPeer } from '../rpc/inspection.ts'
import { describeCode, describeMethods, describePeers } from '../rpc/method-text.ts'

interface ListOptions {
  readonly vip?: true
}

interface CodeOptions {
  readonly typescript?: true
}

export function addRpcCommands(program: Command, shell: Shell): void {
  const rpc = program.command('rpc').description('remote procedure calls')

  rpc
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

  rpc
    .command('list [peer] [method...]')
    .description('methods of all peers or of one; with -v also those of subsystems, and what they are for')
    .option('-i, --vip', 'the words are identities of peers')
    .addHelpText('after', '\nExamples:\n  vctl rpc list\n  vctl rpc list platform.control platform_info -v')
    .action(async (peer: string | undefined, methods: string[], { vip }: ListOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (peer !== undefined && methods.length > 0 && !vip) {
        const found = await inspectMethods(invocation, peer, methods)
        return invocation.show(found, () => describeMethods(found, invocation.isVerbose))
      }
      const listed = await inspectPeers(invocation, peer === undefined ? undefined : [peer, ...methods])
      const shown = invocation.isVerbose ? listed : withoutSubsystems(listed)
      invocation.show(shown, () => describePeers(shown))
    })

  rpc
    .command('code [peer] [method...]')
    .description('how an agent calls the methods of all peers or of one')
    .option('--typescript', 'for an agent in TypeScript, not in Python')
    .addHelpText('after', '\nExample:\n  vctl rpc code platform.control platform_info')
    .action(async (peer: string | undefined, methods: string[], options: CodeOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      const language = options.typescript ? 'typescript' : 'python'
      if (peer !== undefined && methods.length > 0) {
        const found = await inspectMethods(invocation, peer, methods)
        return invocation.show(found, () => describeCode(found, language))
      }
      const listed = await inspectPeers(invocation, peer === undefined ? undefined : [peer])
      const found = await Promise.all(
        Object.entries(invocation.isVerbose ? listed : withoutSubsystems(listed)).map(([name, names]) =>
          inspectMethods(invocation, name, names),
        ),
      )
      const all = Object.assign({}, ...found) as (typeof found)[number]
      invocation.show(all, () => describeCode(all, language))
    })
}

const withoutSubsystems = (listed: MethodsOfPeer): MethodsOfPeer =>
  Object.fromEntries(
    Object.entries(listed).map(([peer, methods]) => [peer, methods.filter((it) => !isSubsystemMethod(it))]),
  )
