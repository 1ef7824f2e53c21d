/** `vctl install-lib` and `remove-lib`: libraries all agents share, on platforms where they share an environment. */
import { ReservedIdentity } from '@volttron/vip'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../../invocation.ts'
import { sourceOf } from './install.ts'

const NOTE = `
Agents on this platform share no libraries: each Python agent has an environment of its own, with what it names as its
requirements. The platform says so; the command is there for scripts and for Python platforms.`

interface InstallLibraryOptions {
  readonly force?: true
  readonly pre?: true
}

export function addLibraryCommands(program: Command, shell: Shell): void {
  program
    .command('install-lib <source>')
    .description(`install a Python library for all agents\n${NOTE}`)
    .summary('install a Python library for all agents; not on this platform')
    .option('-f, --force', 'install it again')
    .option('--pre, --pre-release', 'take pre-releases too')
    .addHelpText('after', '\nExample:\n  vctl install-lib volttron-lib-base-driver')
    .action(async (source: string, { force, pre }: InstallLibraryOptions, command: Command) => {
      const args = [sourceOf(source), null, force === true, pre === true]
      await change(new Invocation(shell, command), 'install_library', args, { library: source, installed: true })
    })

  program
    .command('remove-lib <library>')
    .description(`remove a Python library of all agents\n${NOTE}`)
    .summary('remove a Python library of all agents; not on this platform')
    .addHelpText('after', '\nExample:\n  vctl remove-lib volttron-lib-base-driver')
    .action(async (library: string, _options: unknown, command: Command) => {
      await change(new Invocation(shell, command), 'remove_library', [library], { library, removed: true })
    })
}

async function change(invocation: Invocation, method: string, args: readonly unknown[], result: object): Promise<void> {
  await invocation.withPlatform((platform) => platform.call(ReservedIdentity.control, method, args))
  invocation.show(result, () => 'done')
}
