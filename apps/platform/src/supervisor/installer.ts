/**
 * Brings agents into `VOLTTRON_HOME/agents` and takes them out again. Everything is prepared in a staging folder beside it
 * and moved into place at the end, so that what is there is complete, whenever the platform is killed.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileError } from '@volttron/auth'
import { identityProblem, isReservedIdentity, VolttronError } from '@volttron/vip'
import {
  AgentFile,
  type InstalledAgent,
  readAgent,
  twoDigits,
  writeConfig,
  writeDescription,
  writePriority,
  writeTag,
} from './agent-folder.ts'
import type { InstallRequest } from './install-request.ts'
import type { LogFiles } from './log-files.ts'
import { type UnpackedPackage, unpackNodePackage } from './node-package.ts'
import { findPackage } from './package-source.ts'
import { unpackPythonPackage } from './python-package.ts'

export interface InstallerPorts {
  readonly agentsFolder: string
  /** On the same file system as {@link agentsFolder}. */
  readonly stagingFolder: string
  readonly logs: LogFiles
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** The interpreter that makes the environments of Python agents. */
  readonly python: string
  /** Folder of the SDK that Node.js agents get which bring none. */
  readonly sdkFolder: () => string
  /** The agent with this identity, if there is one. */
  installed(identity: string): InstalledAgent | undefined
  /** Ends its process before its folder is replaced. */
  beforeReplace(agent: InstalledAgent): Promise<void>
}

const FOLDER_MODE = 0o700
const EMPTY_CONFIG = '{}'
/** In a staging folder: agents that have just been taken out of their place, for the one that is to have it. */
const REPLACED = 'replaced'

export class Installer {
  readonly #ports: InstallerPorts

  constructor(ports: InstallerPorts) {
    this.#ports = ports
  }

  /** Brings back an agent that was just being replaced when the platform was killed, and removes what is left half done. */
  async prepare(): Promise<void> {
    const { agentsFolder, stagingFolder, logs } = this.#ports
    logs.prepare()
    for (const staging of await readdir(stagingFolder).catch(() => [])) {
      const replaced = join(stagingFolder, staging, REPLACED)
      for (const identity of await readdir(replaced).catch(() => [])) {
        const place = join(agentsFolder, identity)
        if (!(await isThere(place))) await rename(join(replaced, identity), place)
      }
    }
    await rm(stagingFolder, { recursive: true, force: true }).catch((error) => {
      throw fileError(`cannot empty ${stagingFolder}`, error)
    })
  }

  /**
   * @returns the agent as it is on the disk now
   * @throws VolttronError `usage`, `not-found`, `bad-data`, `system`; then nothing has changed
   */
  async install(request: InstallRequest): Promise<InstalledAgent> {
    if (request.identity !== undefined) this.#checkIdentity(request.identity, request.force)
    if (request.priority !== undefined) twoDigits(request.priority)
    const uuid = randomUUID()
    const staging = join(this.#ports.stagingFolder, uuid)
    try {
      await mkdir(staging, { recursive: true, mode: FOLDER_MODE }).catch((error) => {
        throw fileError(`cannot make the folder ${staging}`, error)
      })
      const agentFolder = join(staging, 'agent')
      await mkdir(agentFolder, { mode: FOLDER_MODE })
      const unpacked = await this.#unpack(request, staging, agentFolder)
      const name = `${unpacked.name}-${unpacked.version}`
      const identity = this.#identityFor(name, unpacked, request)
      const former = this.#ports.installed(identity)
      await writeDescription(agentFolder, { uuid, name, version: unpacked.version, launch: unpacked.launch })
      await writeTag(agentFolder, request.tag ?? former?.tag)
      await writePriority(agentFolder, request.priority ?? former?.priority)
      if (request.config !== undefined || !former) await writeConfig(agentFolder, request.config ?? EMPTY_CONFIG)
      if (former) await this.#takeOver(former, agentFolder, request.config === undefined)
      else await mkdir(join(agentFolder, AgentFile.data), { mode: FOLDER_MODE })
      await this.#moveIntoPlace(agentFolder, identity, join(staging, REPLACED))
      const agent = await readAgent(this.#ports.agentsFolder, identity)
      if (typeof agent === 'string') throw new VolttronError('internal', `${identity} was not installed: ${agent}`)
      return agent
    } finally {
      await rm(staging, { recursive: true, force: true }).catch(() => {})
    }
  }

  /** @throws VolttronError `system` */
  async remove({ identity, folder }: InstalledAgent): Promise<void> {
    // Out of sight in one step; what takes long comes after.
    const aside = join(this.#ports.stagingFolder, randomUUID())
    try {
      await mkdir(this.#ports.stagingFolder, { recursive: true, mode: FOLDER_MODE })
      await rename(folder, aside)
      await rm(aside, { recursive: true, force: true })
      await this.#ports.logs.removeAgent(identity)
    } catch (error) {
      throw fileError(`cannot remove ${folder}`, error)
    }
  }

  async #unpack(request: InstallRequest, staging: string, agentFolder: string): Promise<UnpackedPackage> {
    const { source, data, editable, allowPrereleases } = request
    const { logs } = this.#ports
    await logs.writeInstallation(`\n${new Date().toISOString()} installing ${source}\n`)
    const found = await findPackage(source, data, staging)
    if (found.kind === 'node') return await unpackNodePackage(found, agentFolder, editable, this.#ports)
    return await unpackPythonPackage(found, agentFolder, { editable, allowPrereleases }, this.#ports)
  }

  /** The one asked for, else the one its author wants, else a free one made of its name. */
  #identityFor(name: string, { defaultIdentity }: UnpackedPackage, { identity, force }: InstallRequest): string {
    const wanted = identity ?? defaultIdentity
    if (wanted !== undefined) {
      this.#checkIdentity(wanted, force)
      return wanted
    }
    for (let number = 1; ; number++) {
      const free = `${name}_${number}`
      if (this.#ports.installed(free)) continue
      this.#checkIdentity(free, false)
      return free
    }
  }

  #checkIdentity(identity: string, force: boolean): void {
    const problem = identity.startsWith('.') ? 'it must not start with a dot' : identityProblem(identity)
    if (problem !== undefined) {
      throw new VolttronError('usage', `'${identity.slice(0, 100)}' is no identity: ${problem}`)
    }
    if (isReservedIdentity(identity)) {
      throw new VolttronError('usage', `the identity '${identity}' belongs to the platform`)
    }
    if (!force && this.#ports.installed(identity)) {
      throw new VolttronError('usage', `an agent with the identity '${identity}' is installed already`, {
        hint: '--force replaces it and keeps its data; --vip-identity gives the new one another identity',
      })
    }
  }

  /** What the agent has stored stays with its identity. Copied, so that the former one is complete until it is replaced. */
  async #takeOver(former: InstalledAgent, agentFolder: string, keepConfig: boolean): Promise<void> {
    await this.#ports.beforeReplace(former)
    for (const name of [AgentFile.data, ...(keepConfig ? [AgentFile.config] : [])]) {
      const from = join(former.folder, name)
      if (!(await isThere(from))) continue
      try {
        await cp(from, join(agentFolder, name), { recursive: true, mode: constants.COPYFILE_FICLONE })
      } catch (error) {
        throw fileError(`cannot take over ${from}`, error)
      }
    }
    await mkdir(join(agentFolder, AgentFile.data), { recursive: true, mode: FOLDER_MODE })
  }

  async #moveIntoPlace(from: string, identity: string, replaced: string): Promise<void> {
    const place = join(this.#ports.agentsFolder, identity)
    const aside = join(replaced, identity)
    try {
      if (!(await isThere(place))) return await rename(from, place)
      await mkdir(replaced, { mode: FOLDER_MODE })
      await rename(place, aside)
      await rename(from, place).catch(async (error) => {
        await rename(aside, place)
        throw error
      })
    } catch (error) {
      throw fileError(`cannot move the agent to ${place}`, error)
    }
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
