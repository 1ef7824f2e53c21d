/** `vctl auth`: who may connect. Keys live in `credentials_store`; the platform notices a change by itself. */
import { join } from 'node:path'
import { type Credential, FileCredentialStore } from '@volttron/auth'
import { isReservedIdentity, ReservedIdentity, VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { Invocation, type Shell } from '../invocation.ts'
import { printable } from '../output/printable.ts'
import { type Column, renderTable } from '../output/table.ts'

/** A row of `vctl auth list --json`. */
interface KeyRow {
  readonly identity: string
  readonly publickey: string
  /** `platform`: its own services; `agent`: an agent with its secret key here; `remote`: only the public key is known. */
  readonly kind: 'platform' | 'agent' | 'remote'
}

/** Answer of `platform.control.rotate_platform_key`. */
interface RotatedKey {
  readonly old: string
  readonly new: string
  /** What the registry said. */
  readonly registry: unknown
}

export function addAuthCommands(program: Command, shell: Shell): void {
  const auth = program.command('auth').description('keys of agents and of the platform')
  addKeyChanges(auth, shell)
  addKeyViews(auth, shell)

  auth
    .command('rotate-platform-key')
    .description('give the running platform a new key; the registry gets the old one as proof')
    .addHelpText('after', '\nExample:\n  vctl auth rotate-platform-key')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const answer = (await invocation.withPlatform((platform) =>
        platform.call(ReservedIdentity.control, 'rotate_platform_key'),
      )) as RotatedKey
      invocation.show(
        answer,
        () => `old key   ${answer.old}\nnew key   ${answer.new}\nregistry  ${printable(answer.registry)}`,
      )
    })
}

function addKeyChanges(auth: Command, shell: Shell): void {
  auth
    .command('add <identity>')
    .description('make a key for an agent, which may then connect')
    .addHelpText('after', '\nExample:\n  vctl auth add listener')
    .action(async (identity: string, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      refuseReserved(identity)
      const store = storeOf(invocation)
      await store.prepare()
      const { publicKey } = await store.create(identity)
      const path = join(store.folder, `${identity}.json`)
      invocation.show({ identity, publickey: publicKey, path }, () => path)
    })

  auth
    .command('remove <identity>')
    .description('take the key of an agent away and close its connection')
    .addHelpText('after', '\nExample:\n  vctl auth remove listener')
    .action(async (identity: string, _options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      refuseReserved(identity)
      await storeOf(invocation).remove(identity)
      invocation.show({ identity, removed: true }, () => `the key of ${identity} is removed`)
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
      const { publicKey } = await requireCredential(storeOf(invocation), identity, `vctl auth add ${identity}`)
      invocation.show({ identity, publickey: publicKey }, () => publicKey)
    })

  auth
    .command('serverkey')
    .description('the public key of the platform, which agents elsewhere need to connect')
    .addHelpText('after', '\nExample:\n  vctl auth serverkey')
    .action(async (_options: unknown, command: Command) => {
      const invocation = new Invocation(shell, command)
      const hint = 'the platform makes its key at its first start'
      const { publicKey } = await requireCredential(storeOf(invocation), ReservedIdentity.platform, hint)
      invocation.show({ serverkey: publicKey }, () => publicKey)
    })
}

async function showKeys(invocation: Invocation): Promise<void> {
  const { terminal } = invocation
  const { credentials, problems } = await storeOf(invocation).load()
  for (const { message } of problems) invocation.log('warning', message)
  const rows = credentials.map(keyRow)
  invocation.show(rows, () =>
    renderTable(rows, COLUMNS, {
      terminal: terminal.isTerminal,
      paint: terminal.paint,
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

const storeOf = ({ home }: Invocation): FileCredentialStore => new FileCredentialStore(join(home, 'credentials_store'))

async function requireCredential(store: FileCredentialStore, identity: string, hint: string): Promise<Credential> {
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
