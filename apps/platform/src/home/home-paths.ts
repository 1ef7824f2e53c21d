/** Where things are in VOLTTRON_HOME: the names the Python platform uses, and ours beside them. */
import { chmod, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { makeFolder } from '@volttron/config'
import { VolttronError } from '@volttron/vip'

const FOLDER_MODE = 0o700

export interface HomePaths {
  readonly home: string
  readonly config: string
  readonly pidFile: string
  readonly credentialStore: string
  readonly authz: string
  /** What the operator decided about unknown keys. */
  readonly keyApprovals: string
  readonly agents: string
  /** Agents that are being installed; on the file system of {@link agents}. */
  readonly agentsStaging: string
  readonly configurationStore: string
  readonly logs: string
  /** Sockets and the lock; nothing in it outlives the process. */
  readonly run: string
  readonly federationConfig: string
  readonly federationState: string
}

export const homePaths = (home: string): HomePaths => ({
  home,
  config: join(home, 'config'),
  pidFile: join(home, 'VOLTTRON_PID'),
  credentialStore: join(home, 'credentials_store'),
  authz: join(home, 'authz.json'),
  keyApprovals: join(home, 'key_approvals.json'),
  agents: join(home, 'agents'),
  agentsStaging: join(home, 'agents-staging'),
  configurationStore: join(home, 'configuration_store'),
  logs: join(home, 'logs'),
  run: join(home, 'run'),
  federationConfig: join(home, 'federation_config.json'),
  federationState: join(home, 'federation_state.json'),
})

/** Enough to notice a full disk before the platform runs. */
const PROBE_BYTES = 4096

/** Makes the folders, for their owner only, and tries a write. @throws VolttronError `system` */
export async function prepareFolders(paths: HomePaths): Promise<void> {
  for (const folder of [paths.home, paths.run, paths.agents, paths.configurationStore]) makeHomeFolder(folder)
  const probe = join(paths.run, `.probe-${process.pid}`)
  try {
    const { mode } = await stat(paths.run)
    if ((mode & 0o077) !== 0) await chmod(paths.run, FOLDER_MODE)
    await writeFile(probe, Buffer.alloc(PROBE_BYTES), { mode: 0o600 })
  } catch (error) {
    throw fileError(`cannot write into VOLTTRON_HOME ${paths.home}`, error)
  } finally {
    await rm(probe, { force: true }).catch(() => {})
  }
}

function makeHomeFolder(folder: string): void {
  try {
    makeFolder(folder, FOLDER_MODE)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new VolttronError('system', `cannot use the folder ${folder}: it is a file`, { cause: error })
    }
    throw fileError(`cannot make the folder ${folder}`, error)
  }
}
