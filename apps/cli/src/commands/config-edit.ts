/**
 * `vctl config edit`: a configuration in the editor of the person. What was typed is never lost: unless it has been stored,
 * the file it is in stays.
 */
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { type ConfigTypeOptions, configType } from '../config-type.ts'
import { Draft } from '../draft.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import type { PlatformConnection } from '../platform-connection.ts'

const DEFAULT_EDITOR = 'nano'

interface EditOptions extends ConfigTypeOptions {
  readonly editor?: string
  readonly new?: true
}

/** What `get_metadata` says of a configuration. */
interface Stored {
  readonly type: string
  readonly data: string
}

export function addConfigEditCommand(config: Command, shell: Shell): void {
  config
    .command('edit <identity> <name>')
    .description('edit a configuration, or begin a new one')
    .option('--editor <command>', `the editor (default: EDITOR, else ${DEFAULT_EDITOR})`)
    .option('--new', 'begin with an empty one, whatever is stored')
    .option('--raw', 'a new one is text')
    .option('--csv', 'a new one is a table of comma-separated values')
    .addHelpText('after', '\nExample:\n  EDITOR=vi vctl config edit platform.driver devices/ahu1')
    .action(async (identity: string, name: string, options: EditOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      const type = await edit(invocation, identity, name, options)
      const isStored = type !== undefined
      if (invocation.json) invocation.show({ identity, name, type: type ?? null, stored: isStored }, () => '')
      else if (!isStored) shell.terminal.note('nothing was changed')
    })
}

/** @returns the type of what was stored; `undefined` when the person changed nothing */
async function edit(
  invocation: Invocation,
  identity: string,
  name: string,
  options: EditOptions,
): Promise<string | undefined> {
  const editor = options.editor ?? (invocation.shell.environment.EDITOR || DEFAULT_EDITOR)
  const read = (platform: PlatformConnection) => readStored(platform, identity, name)
  const before = options.new ? undefined : await invocation.withPlatform(read)
  const type = before?.type ?? configType(options)
  const draft = await Draft.create(before?.data ?? '', type)
  const after = await draft.edit(editor)
  if (after === (before?.data ?? '')) {
    await draft.remove()
    return undefined
  }
  try {
    // A person takes minutes: a new connection, and a look at what others did meanwhile.
    await invocation.withPlatform(async (platform) => {
      if (!options.new && (await read(platform))?.data !== before?.data)
        throw new VolttronError('bad-data', `${printable(name)} was changed by somebody else meanwhile`)
      await platform.call(ReservedIdentity.configStore, 'set_config', [identity, name, after], { config_type: type })
    })
  } catch (error) {
    throw draft.kept(error, `vctl config store ${identity} ${name} ${draft.path}${type === 'json' ? '' : ` --${type}`}`)
  }
  await draft.remove()
  return type
}

/** @returns `undefined` when there is no such configuration */
async function readStored(platform: PlatformConnection, identity: string, name: string): Promise<Stored | undefined> {
  const names = (await platform.call(ReservedIdentity.configStore, 'list_configs', [identity])) as readonly string[]
  if (!names.some((it) => it.toLowerCase() === name.toLowerCase())) return undefined
  return (await platform.call(ReservedIdentity.configStore, 'get_metadata', [identity, name])) as Stored
}
