/** Credentials of agents by way of `platform.auth`. Secret keys stay in their files: no answer holds one. */
import { DEFAULT_ROLE, mergeAgent, type PreviousKey, removeAgentRules } from '@volttron/auth'
import {
  identityProblem,
  isReservedIdentity,
  parsePublicKey,
  parseRemotePeer,
  parseSecretKey,
  publicKeyOf,
  VolttronError,
} from '@volttron/vip'
import type { ServiceMethods } from '../service-methods.ts'
import { textArgument } from './arguments.ts'
import type { AuthServicePorts } from './ports.ts'

export function exportCredentials(methods: ServiceMethods, { rules, localKeys, log }: AuthServicePorts): void {
  const { credentials } = localKeys

  const create = async (by: string, identity: string, keys: PreviousKey | undefined): Promise<true> => {
    const present = credentials.keysOf(identity)
    if (present.length > 0) {
      if (!keys || present.includes(keys.publicKey)) return true
      throw new VolttronError('usage', `'${identity}' has another key already`)
    }
    requireAgent(identity)
    const holder = keys && credentials.identityOf(keys.publicKey)
    if (holder !== undefined) throw new VolttronError('usage', `the key belongs to '${holder}'`)
    // Rules first: an agent that has its key comes at once.
    await rules.edit(
      mergeAgent(identity, {
        roles: [{ [DEFAULT_ROLE]: { identity } }],
        comments: 'Created during creation of credentials!',
      }),
    )
    await localKeys.create(identity, keys)
    log('credentials-created', { by, identity })
    return true
  }

  methods.export(
    'create_credentials',
    function (identity: string, publicKey: unknown, secretKey: unknown) {
      return create(this.peer, textArgument(identity, 'identity'), keysOf(publicKey, secretKey))
    },
    {
      params: ['identity', { name: 'publickey', default: null }, { name: 'secretkey', default: null }],
      returns: 'bool',
      doc: 'Makes a key for a new agent, or takes the one it has made. True also when it has credentials already.',
    },
  )
  methods.export(
    'create_agent',
    function (identity: string) {
      return create(this.peer, textArgument(identity, 'identity'), undefined)
    },
    { params: ['identity'], returns: 'bool' },
  )
  methods.export(
    'remove_credentials',
    async function (identity: string) {
      requireAgent(textArgument(identity, 'identity'))
      await localKeys.remove(identity)
      log('credentials-removed', { by: this.peer, identity })
      return true
    },
    { params: ['identity'], returns: 'bool', doc: 'Takes the key of an agent away and cuts its connection.' },
  )
  methods.export(
    'remove_agent',
    async function (identity: string) {
      // Of an agent elsewhere there are rules only.
      if (parseRemotePeer(textArgument(identity, 'identity')) === undefined) requireAgent(identity)
      const hadRules = await rules.edit(removeAgentRules(identity))
      const hadKeys = credentials.keysOf(identity).length > 0
      if (hadKeys) await localKeys.remove(identity)
      if (!hadRules && !hadKeys) throw new VolttronError('not-found', `there is no agent '${identity}'`)
      log('agent-removed', { by: this.peer, identity })
      return true
    },
    {
      params: ['identity'],
      returns: 'bool',
      doc: 'Removes the credentials of an agent, and the rules written for it.',
    },
  )
}

/** @throws VolttronError `usage` for the platform's own identities, and for what is none */
function requireAgent(identity: string): void {
  const problem = isReservedIdentity(identity) ? 'it belongs to the platform' : identityProblem(identity)
  if (problem) throw new VolttronError('usage', `'${identity.slice(0, 100)}' is no identity of an agent: ${problem}`)
}

function keysOf(publicKey: unknown, secretKey: unknown): PreviousKey | undefined {
  if (publicKey === null && secretKey === null) return undefined
  const parsed = typeof publicKey === 'string' ? parsePublicKey(publicKey) : undefined
  if (!parsed) throw new VolttronError('usage', 'publickey is no public key')
  if (secretKey === null) return { publicKey: parsed, secretKey: undefined }
  const secret = typeof secretKey === 'string' ? parseSecretKey(secretKey) : undefined
  if (!secret || publicKeyOf(secret) !== parsed) throw new VolttronError('usage', 'secretkey does not fit publickey')
  return { publicKey: parsed, secretKey: secret }
}
