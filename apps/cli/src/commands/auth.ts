/** `vctl auth`: who may connect. */
import { join } from 'node:path'
import type { Credential } from '@volttron/auth'
import type { FederationReport, RotatedPlatformKey } from '@volttron/contracts'
import { isReservedIdentity, ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { confirm } from '../confirmation.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { addKey, keysOf, removeKey } from '../key-store.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'
import type { PlatformConnection } from '../platform-connection.ts'
import { leftoversOfKey, withLeftovers } from '../rules/leftovers.ts'
import { addRemoteCommands } from './auth-remote.ts'

/** A row of `vctl auth list --json`. */
interface KeyRow {
  readonly identity: string
  readonly publickey: string
  /** `platform`: its own services; `agent`: an agent with its secret key here; `remote`: only the public key is known. */
  readonly kind: 'platform' | 'agent' | 'remote'
}

export function addAuthCommands(program: Command, shell: Shell): void {
  const auth = program.command('auth').description('keys of agents and of the platform')
  addKeyChanges(auth, shell)
  addKeyViews(auth, shell)
  addPythonViews(auth, shell)
  addRemoteCommands(auth, shell)

  auth
    .command('rotate-platform-key')
    .description('give the running platform a new key; the registry gets the old one as proof')
    .addHelpText('after', '\nExample:\n  vctl auth rotate-platform-key')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const answer = (await invocation.withPlatform(async (platform) => {
        await thinkOfPythonPlatforms(invocation, platform)
        return platform.call(ReservedIdentity.control, 'rotate_platform_key')
      })) as RotatedPlatformKey
      invocation.show(
        answer,
        () => `old key   ${answer.old}\nnew key   ${answer.new}\nregistry  ${printable(answer.registry)}`,
      )
    })
}

/**
 * A Python platform ends itself when it sees a new key of a platform it knows (docs/operations.md, "Federating with a Python
 * platform"): whoever rotates ours hears which will.
 */
async function thinkOfPythonPlatforms(invocation: Invocation, platform: PlatformConnection): Promise<void> {
  const { platforms } = (await platform.call(ReservedIdentity.federation, 'status')) as FederationReport
  const names = platforms.filter(({ protocol }) => protocol === 'vip1').map((row) => printable(row.platform))
  if (names.length === 0) return
  invocation.log('warning', `a new key ends Python platforms, which must be started again: ${names.join(', ')}`)
  await confirm(invocation, 'Change the key all the same?')
}

function addKeyChanges(auth: Command, shell: Shell): void {
  auth
    .command('add <identity>')
    .description('make a key for an agent, which may then connect')
    .option('--publickey <key>', 'of an agent that has a key of its own; no secret key is made here')
    .addHelpText('after', '\nExample:\n  vctl auth add listener')
    .action(async (identity: string, { publickey }: { publickey?: string }, command: Command) => {
      const invocation = new Invocation(shell, command)
      refuseReserved(identity)
      await addKey(invocation, identity, publickey)
      const store = keysOf(invocation)
      const path = join(store.folder, `${identity}.json`)
      const made = { identity, publickey: (await store.get(identity))?.publicKey ?? publickey ?? null, path }
      const whose = publickey === undefined ? '' : ' with provided public key'
      invocation.show(made, () => `added credentials for ${identity}${whose}\n${path}`)
    })

  auth
    .command('remove <identity>')
    .description('take the key of an agent away and close its connection; its rules stay')
    .addHelpText('after', '\nExample:\n  vctl auth remove listener')
    .action(async (identity: string, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      refuseReserved(identity)
      await confirm(invocation, `Remove the key of ${identity}?`)
      await removeKey(invocation, identity)
      const kept = await leftoversOfKey(invocation, identity)
      invocation.show({ identity, removed: true, kept }, () => withLeftovers(`${identity} removed!`, kept))
    })
}

function addKeyViews(auth: Command, shell: Shell): void {
  auth
    .command('list')
    .description('identities with a key')
    .addHelpText('after', '\nExample:\n  vctl auth list --json')
    .action(async (_options: unknown, command: Command) => {
      await showKeys(new Invocation(shell, command))
    })

  auth
    .command('publickey [identity]')
    .description('the public key of one identity, or of all')
    .addHelpText('after', '\nExample:\n  vctl auth publickey listener')
    .action(async (identity: string | undefined, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      if (identity === undefined) return await showKeys(invocation)
      const { publicKey } = await requireCredential(invocation, identity, `vctl auth add ${identity}`)
      invocation.show({ identity, publickey: publicKey }, () => publicKey)
    })

  auth
    .command('serverkey')
    .alias('servercred')
    .description('the public key of the platform, which agents elsewhere need to connect')
    .addHelpText('after', '\nExample:\n  vctl auth serverkey')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const hint = 'the platform makes its key at its first start'
      const { publicKey } = await requireCredential(invocation, ReservedIdentity.platform, hint)
      invocation.show({ serverkey: publicKey }, () => publicKey)
    })
}

/** What Python's `vctl auth agentcred` prints. */
interface PublicCredentials {
  readonly results: Readonly<Record<string, string>>
  readonly errors: Readonly<Record<string, string>>
}

function addPythonViews(auth: Command, shell: Shell): void {
  auth
    .command('agentcred [identities...]')
    .description("public keys, printed as Python's vctl does; auth publickey is for scripts of today")
    .addHelpText('after', '\nExample:\n  vctl auth agentcred listener --json')
    .action(async (identities: string[], _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const { credentials } = await keysOf(invocation).load()
      const keys = new Map(credentials.map(({ identity, publicKey }) => [identity, publicKey]))
      const agents = [...keys.keys()].filter((identity) => !isReservedIdentity(identity))
      const asked = identities.length === 0 ? agents : identities
      const found: PublicCredentials = {
        results: Object.fromEntries(asked.flatMap((it) => (keys.has(it) ? [[it, keys.get(it)!]] : []))),
        errors: Object.fromEntries(asked.flatMap((it) => (keys.has(it) ? [] : [[it, `Identity not found: ${it}`]]))),
      }
      invocation.show(found, () => describeCredentials(found))
    })
}

const describeCredentials = ({ results, errors }: PublicCredentials): string =>
  [
    ...Object.entries(results).map(([identity, key]) => `\n${printable(identity)}:\n  ${key}`),
    ...Object.values(errors).map(printable),
  ].join('\n')

async function showKeys(invocation: Invocation): Promise<void> {
  const { terminal } = invocation
  const { credentials, problems } = await keysOf(invocation).load()
  for (const { message } of problems) invocation.log('warning', message)
  const rows = credentials.map(keyRow)
  invocation.show(rows, () =>
    renderTable(rows, COLUMNS, {
      terminal,
      empty: 'no identity has a key',
    }),
  )
}

const keyRow = ({ identity, publicKey, secretKey }: Credential): KeyRow => ({
  identity,
  publickey: publicKey,
  kind: isReservedIdentity(identity) ? 'platform' : secretKey === undefined ? 'remote' : 'agent',
})

const COLUMNS: Column<KeyRow>[] = [
  { heading: 'IDENTITY', cell: (row) => row.identity },
  { heading: 'KIND', cell: (row) => row.kind },
  { heading: 'PUBLIC KEY', cell: (row) => row.publickey },
]

async function requireCredential(invocation: Invocation, identity: string, hint: string): Promise<Credential> {
  const store = keysOf(invocation)
  const credential = await store.get(identity)
  if (credential) return credential
  throw new VolttronError('not-found', `there is no key of '${identity}' in ${store.folder}`, { hint })
}

function refuseReserved(identity: string): void {
  if (!isReservedIdentity(identity)) return
  throw new VolttronError('usage', `the identity '${identity}' belongs to the platform`, {
    hint: 'choose another name; platform, its services and control.connection are reserved',
  })
}
