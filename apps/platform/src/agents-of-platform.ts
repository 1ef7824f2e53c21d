/** The agents of this platform, put together: where they live, how they are run, and what they get as keys and rights. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AuthzChange, DEFAULT_ROLE, type FileCredentialStore, mergeAgent, removeAgentRules } from '@volttron/auth'
import type { Logger } from '@volttron/observe'
import { VolttronError } from '@volttron/vip'
import { systemClock } from './clock.ts'
import type { Home } from './home/home.ts'
import type { AgentsOptions, PlatformOptions } from './options/platform-options.ts'
import { findUser, type HomeView } from './supervisor/agent-user.ts'
import { Agents } from './supervisor/agents.ts'
import { LogFiles } from './supervisor/log-files.ts'
import type { AgentAccess } from './supervisor/replacement.ts'

export interface AgentsParts {
  readonly home: Home
  readonly options: PlatformOptions
  /** Changes authz.json. */
  readonly editRules: (change: AuthzChange) => Promise<boolean>
  /** How agents of another user find the platform. */
  readonly view: () => HomeView
  readonly log: Logger
}

const MAX_RESTART_DELAY_MS = 600_000
const STABLE_AFTER_MS = 60_000

/** How long it may take until every agent is stopped: asked, asked again, and killed. */
export const longestStopMs = ({ stopMs }: AgentsOptions): number => 1.5 * stopMs

/** @throws VolttronError `system`, `config` when agents cannot run as the user that was named */
export function openAgents({ home, options, editRules, view, log }: AgentsParts): Promise<Agents> {
  const { paths, credentialStore } = home
  const { python, user, restarts, restartDelayMs, stopMs } = options.agents
  return Agents.open({
    home: paths.home,
    agentsFolder: paths.agents,
    stagingFolder: paths.agentsStaging,
    logs: new LogFiles(paths.logs),
    environment: process.env,
    python,
    ownPackage,
    access: accessBy(credentialStore, editRules),
    rules: {
      maxRestarts: restarts,
      firstDelayMs: restartDelayMs,
      maxDelayMs: Math.max(restartDelayMs, MAX_RESTART_DELAY_MS),
      stableAfterMs: STABLE_AFTER_MS,
      stopMs,
    },
    clock: systemClock,
    user: user === undefined ? undefined : { account: findUser(user), view },
    log,
  })
}

function accessBy(store: FileCredentialStore, editRules: AgentsParts['editRules']): AgentAccess {
  return {
    isKnown: async (identity) => (await store.get(identity)) !== undefined,
    async grant(identity) {
      const isNew = !(await store.get(identity))
      if (isNew) await store.create(identity)
      try {
        await editRules(mergeAgent(identity, { roles: [{ [DEFAULT_ROLE]: { identity } }] }))
      } catch (error) {
        if (isNew) await store.remove(identity)
        throw error
      }
    },
    async withdraw(identity) {
      if (await store.get(identity)) await store.remove(identity)
      await editRules(removeAgentRules(identity))
    },
    async credentials(identity) {
      const credential = await store.get(identity)
      if (credential?.secretKey === undefined) {
        throw new VolttronError('not-found', `there are no credentials of '${identity}' in ${store.folder}`, {
          hint: `make them with: vctl auth add ${identity}`,
        })
      }
      const { publicKey, secretKey } = credential
      return JSON.stringify({ identity, publickey: publicKey, secretkey: secretKey, domain: '', address: '' })
    },
  }
}

/** Where a package of ours is installed beside this platform: the SDK, and what it is made of. */
function ownPackage(name: string): string | undefined {
  if (!name.startsWith('@volttron/')) return undefined
  try {
    let folder = fileURLToPath(new URL('.', import.meta.resolve(name)))
    while (!existsSync(join(folder, 'package.json'))) folder = join(folder, '..')
    return folder
  } catch {
    // not one of those this platform is made of
    return undefined
  }
}
