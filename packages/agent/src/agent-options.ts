/** Who an agent is and where its platform: from options, else from the environment, else from VOLTTRON_HOME. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  identityProblem,
  type KeyPair,
  type PublicKey,
  parseAddress,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  VolttronError,
} from '@volttron/vip'
import { parseCredential, readCredential, readServerKey } from './credentials.ts'
import { SEND_QUEUE_BYTES, SEND_QUEUE_MESSAGES } from './limits.ts'
import { platformAddresses } from './platform-addresses.ts'
import type { DialTarget } from './ports.ts'

export interface AgentOptions {
  /** VIP identity. Default: `AGENT_VIP_IDENTITY`. */
  readonly identity?: string
  /** Folder of the platform on this machine. Default: `VOLTTRON_HOME`, else `~/.volttron`. */
  readonly volttronHome?: string
  /** Where the platform listens: `tcp://host:port`. Default: `VOLTTRON_VIP_ADDR`, else what `volttronHome` says. */
  readonly address?: string
  /** Public key of the platform. Default: `VOLTTRON_SERVERKEY`, else what `volttronHome` says. */
  readonly serverKey?: string
  /** Own public key; checked against the secret key. Default: computed from it. */
  readonly publicKey?: string
  /** Own secret key. Default: `AGENT_CREDENTIALS` (JSON or the path of it), else what `volttronHome` says. */
  readonly secretKey?: string
  /** What `agent.version` answers. Default `''`. */
  readonly version?: string
  /** Publishes a heartbeat so often, from the start on. Default: none until `agent.vip.heartbeat.start()`. */
  readonly heartbeatPeriodMs?: number
  /** Bytes that may wait for the platform. Default 8 MiB; a single larger message passes when nothing else waits. */
  readonly sendQueueBytes?: number
  /** Messages that may wait for the platform. Default 100,000. */
  readonly sendQueueMessages?: number
}

export interface Settings {
  readonly identity: string
  readonly version: string
  readonly sendQueueBytes: number
  readonly sendQueueMessages: number
  /**
   * Where to dial, read anew at each attempt.
   *
   * @param attempt counts up; several addresses are tried in turn
   * @throws VolttronError `unavailable` while the platform has never run, others when trying again is useless
   */
  readonly target: (attempt: number) => DialTarget
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws VolttronError `usage` when an option is wrong */
export function resolveSettings(options: AgentOptions, env: Environment): Settings {
  const identity = options.identity ?? env.AGENT_VIP_IDENTITY
  if (identity === undefined)
    throw new VolttronError('usage', 'the agent has no identity', {
      hint: 'give the option identity, or set AGENT_VIP_IDENTITY',
    })
  const problem = identityProblem(identity)
  if (problem !== undefined) throw new VolttronError('usage', `bad identity '${identity.slice(0, 100)}': ${problem}`)

  const home = options.volttronHome ?? (env.VOLTTRON_HOME || join(homedir(), '.volttron'))
  const address = options.address ?? (options.volttronHome === undefined ? env.VOLTTRON_VIP_ADDR : undefined)
  if (address !== undefined) parseAddress(address)
  const serverKey = options.serverKey ?? (options.volttronHome === undefined ? env.VOLTTRON_SERVERKEY : undefined)
  const knownServerKey = serverKey === undefined ? undefined : givenPublicKey(serverKey, 'serverKey')
  const givenKeys = keysFromOptions(options)

  return {
    identity,
    version: options.version ?? '',
    sendQueueBytes: options.sendQueueBytes ?? SEND_QUEUE_BYTES,
    sendQueueMessages: options.sendQueueMessages ?? SEND_QUEUE_MESSAGES,
    target(attempt) {
      const keys = givenKeys ?? keysFromEnvironment(env, options, identity) ?? readCredential(home, identity)
      const addresses = address === undefined ? platformAddresses(home) : [address]
      return {
        address: addresses[attempt % addresses.length]!,
        serverKey: knownServerKey ?? readServerKey(home),
        keys,
        routingId: identity,
      }
    },
  }
}

function keysFromOptions({ publicKey, secretKey }: AgentOptions): KeyPair | undefined {
  if (secretKey === undefined) {
    if (publicKey === undefined) return undefined
    throw new VolttronError('usage', 'the option publicKey is given without secretKey')
  }
  const secret = parseSecretKey(secretKey)
  if (secret === undefined) throw new VolttronError('usage', 'the option secretKey is no CURVE key')
  const keys = { publicKey: publicKeyOf(secret), secretKey: secret }
  if (publicKey !== undefined && givenPublicKey(publicKey, 'publicKey') !== keys.publicKey)
    throw new VolttronError('usage', 'the options publicKey and secretKey do not belong together')
  return keys
}

/** `AGENT_CREDENTIALS` names the keys of `AGENT_VIP_IDENTITY`; it says nothing about an agent that was given its home. */
function keysFromEnvironment(env: Environment, { volttronHome }: AgentOptions, identity: string): KeyPair | undefined {
  const credentials = env.AGENT_CREDENTIALS
  if (!credentials || volttronHome !== undefined) return undefined
  const isJson = credentials.trimStart().startsWith('{')
  const text = isJson ? credentials : readCredentialsFile(credentials)
  return parseCredential(text, isJson ? 'AGENT_CREDENTIALS' : credentials, identity)
}

function readCredentialsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new VolttronError('not-found', `AGENT_CREDENTIALS names a file that cannot be read: ${path}`, {
      cause: error,
    })
  }
}

function givenPublicKey(text: string, name: string): PublicKey {
  const key = parsePublicKey(text)
  if (key === undefined) throw new VolttronError('usage', `${name} is no CURVE key: '${text.slice(0, 50)}'`)
  return key
}
