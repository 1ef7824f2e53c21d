/** Which values an argument may have: asked of the running platform, or read in its home, when Tab is pressed. */
import { join } from 'node:path'
import { FileCredentialStore } from '@volttron/auth'
import { ReservedIdentity } from '@volttron/vip'
import { readAgents } from '../commands/agents/selection.ts'
import { federationReport } from '../conditions.ts'
import type { Invocation } from '../invocation.ts'

/** @param earlier the arguments before this one */
export type ValueSource = (invocation: Invocation, earlier: readonly string[]) => Promise<readonly string[]>

/** Identities on the bus. */
const peers: ValueSource = (invocation) => invocation.withPlatform((platform) => platform.peerlist())

/** Identities of installed agents. */
const installed: ValueSource = async (invocation) =>
  (await invocation.withPlatform(readAgents)).map(({ identity }) => identity)

/** Methods of the peer that was named before. */
const methods: ValueSource = async (invocation, [peer = '']) => {
  const answer = await invocation.withPlatform((platform) => platform.call(peer, 'inspect'))
  return (answer as { readonly methods?: readonly string[] }).methods ?? []
}

/** Platforms we know. */
const platforms: ValueSource = async (invocation) =>
  (await invocation.withPlatform(federationReport)).platforms.map(({ platform }) => platform)

/** Identities with a key. */
const keyHolders: ValueSource = ({ home }) => new FileCredentialStore(join(home, 'credentials_store')).list()

/** Identities with a store of configurations. */
const stores: ValueSource = async (invocation) =>
  (await invocation.withPlatform((platform) =>
    platform.call(ReservedIdentity.configStore, 'list_stores'),
  )) as readonly string[]

/** Configurations of the identity that was named before. */
const configurations: ValueSource = async (invocation, [identity = '']) =>
  (await invocation.withPlatform((platform) =>
    platform.call(ReservedIdentity.configStore, 'list_configs', [identity]),
  )) as readonly string[]

/** By command, in the order of its arguments. The last one counts for every repetition too. */
export const VALUE_SOURCES: Readonly<Record<string, readonly ValueSource[]>> = {
  'auth publickey': [keyHolders],
  'auth remove': [keyHolders],
  'check peer': [peers],
  'check platform': [platforms],
  'config delete': [stores, configurations],
  'config edit': [stores, configurations],
  'config get': [stores, configurations],
  'config list': [stores],
  'config store': [stores, configurations],
  disable: [installed],
  enable: [installed],
  'federation platform accept': [platforms],
  'federation platform remove': [platforms],
  health: [peers],
  logs: [installed],
  ping: [peers],
  remove: [installed],
  restart: [installed],
  'rpc call': [peers, methods],
  'rpc code': [peers, methods],
  'rpc list': [peers, methods],
  start: [installed],
  status: [installed],
  stop: [installed],
  tag: [installed],
}
