/** `vctl config`: configurations of agents in the store of the platform (VIP specification, section 7.1). */
import { readFile } from 'node:fs/promises'
import { fileError } from '@volttron/auth'
import { withoutComments } from '@volttron/config'
import { ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { type ConfigTypeOptions, configType } from '../config-type.ts'
import { confirm } from '../confirmation.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { indentedJson } from '../output/indented-json.ts'
import { printable } from '../output/printable.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { addConfigEditCommand } from './config-edit.ts'

export function addConfigCommands(program: Command, shell: Shell): void {
  const config = program.command('config').description('configurations of agents, in the store of the platform')
  addConfigChanges(config, shell)
  addConfigViews(config, shell)
  addConfigEditCommand(config, shell)
}

function addConfigChanges(config: Command, shell: Shell): void {
  config
    .command('store <identity> <name> [file]')
    .description('store a configuration from a file or standard input: JSON, unless an option says otherwise')
    .option('--raw', 'it is text')
    .option('--csv', 'it is a table of comma-separated values')
    .addHelpText(
      'after',
      '\nExamples:\n  vctl config store platform.driver devices/ahu1 ahu1.config\n  vctl config store platform.driver points.csv points.csv --csv',
    )
    .action(async (identity: string, name: string, file: string | undefined, ...rest: [ConfigTypeOptions, Command]) => {
      const [options, command] = rest
      const invocation = new Invocation(shell, command)
      const contents = file === undefined || file === '-' ? await shell.input.readAll() : await contentsOf(file)
      const type = configType(options)
      const source = file === undefined || file === '-' ? 'standard input' : file
      await callStore(invocation, 'set_config', [identity, name, contents], { config_type: type }).catch((error) => {
        throw asProblemOf(source, type, error)
      })
      if (invocation.json) invocation.show({ identity, name, type, stored: true }, () => '')
    })

  config
    .command('delete <identity> [name]')
    .description('delete a configuration, or the whole store with --all')
    .option('--all', 'delete all configurations of the identity')
    .addHelpText('after', '\nExample:\n  vctl config delete platform.driver devices/ahu1')
    .action(async (identity: string, name: string | undefined, options: { all?: true }, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (options.all && name !== undefined)
        throw new VolttronError('usage', 'either the name of a configuration or --all, not both')
      if (options.all) {
        await confirm(invocation, `Delete all configurations of ${printable(identity)}?`)
        await callStore(invocation, 'delete_store', [identity])
      } else {
        if (name === undefined)
          throw new VolttronError('usage', 'the name of a configuration is missing', {
            hint: `vctl config list ${printable(identity)} shows them; --all deletes the whole store`,
          })
        await callStore(invocation, 'delete_config', [identity, name])
      }
      if (invocation.json) invocation.show({ identity, name: options.all ? null : name, deleted: true }, () => '')
    })
}

function addConfigViews(config: Command, shell: Shell): void {
  config
    .command('list [identity]')
    .description('identities with a store, or names of the configurations in one')
    .addHelpText('after', '\nExample:\n  vctl config list platform.driver')
    .action(async (identity: string | undefined, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const names = (await (identity === undefined
        ? callStore(invocation, 'list_stores')
        : callStore(invocation, 'list_configs', [identity]))) as readonly string[]
      if (invocation.json || names.length > 0) invocation.show(names, () => names.map(printable).join('\n'))
    })

  config
    .command('get <identity> <name>')
    .description('a configuration as the agent gets it, or as it was stored with --raw')
    .option('--raw', 'the text as it was stored')
    .addHelpText('after', '\nExample:\n  vctl config get platform.driver devices/ahu1 --raw > ahu1.config')
    .action(async (identity: string, name: string, { raw }: ConfigTypeOptions, command: Command) => {
      const invocation = new Invocation(shell, command)
      const { contents, json } = await invocation.withPlatform((platform) =>
        storedContents(platform, identity, name, raw === true),
      )
      // Text is written as it is, so that what is stored again is the same.
      if (typeof contents === 'string' && !invocation.json) invocation.terminal.write(contents)
      else if (json !== undefined) invocation.terminal.print(indentedJson(json))
      else invocation.show(contents, () => JSON.stringify(contents, null, 2))
    })
}

/** Contents that are refused, with where they came from. */
function asProblemOf(source: string, type: string, error: unknown): unknown {
  if (!(error instanceof VolttronError) || error.code !== 'bad-data') return error
  const isOther = type === 'json' && /JSON/.test(error.message)
  const hint = error.hint ?? (isOther ? '--raw stores it as text, --csv as a table' : undefined)
  return new VolttronError('bad-data', `${source}: ${error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  })
}

interface StoredContents {
  readonly contents: unknown
  /** Of JSON its text: the numbers in `contents` may have lost digits. */
  readonly json?: string
}

async function storedContents(
  platform: PlatformConnection,
  identity: string,
  name: string,
  raw: boolean,
): Promise<StoredContents> {
  const ask = (method: string, kwargs = {}) =>
    platform.call(ReservedIdentity.configStore, method, [identity, name], kwargs)
  const contents = await ask('get_config', { raw })
  if (typeof contents !== 'object') return { contents }
  const { type, data } = Object(await ask('get_metadata')) as { type?: unknown; data?: unknown }
  const json = type === 'json' && typeof data === 'string' ? withoutComments(data) : ''
  // Not with NaN and what else only Python takes for JSON.
  return isJson(json) ? { contents, json } : { contents }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const callStore = (
  invocation: Invocation,
  method: string,
  args: readonly unknown[] = [],
  kwargs?: Readonly<Record<string, unknown>>,
): Promise<unknown> =>
  invocation.withPlatform((platform) => platform.call(ReservedIdentity.configStore, method, args, kwargs))

async function contentsOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw fileError(`cannot read ${file}`, error)
  }
}
