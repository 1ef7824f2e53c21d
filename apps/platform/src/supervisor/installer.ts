/**
 * Brings agents into `VOLTTRON_HOME/agents` and takes them out again. Everything is prepared in a staging folder beside it
 * and moved into place at the end, so that what is there is complete, whenever the platform is killed.
 */
import { randomUUID } from 'node:crypto'
import { chmod, copyFile, lstat, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, fileError } from '@volttron/auth'
import { replaceFile } from '@volttron/config'
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
import { removeTree } from './folder-ownership.ts'
import type { InstallRequest } from './install-request.ts'
import { type NodePackagePorts, type UnpackedPackage, unpackNodePackage } from './node-package.ts'
import { endOrphans } from './orphans.ts'
import { findPackage } from './package-source.ts'
import { type PythonPackagePorts, unpackPythonPackage } from './python-package.ts'
import type { ToolPorts, Workplace } from './run-tool.ts'

export interface InstallerPorts extends NodePackagePorts, PythonPackagePorts, ToolPorts {
  readonly agentsFolder: string
  /** On the same file system as {@link agentsFolder}. */
  readonly stagingFolder: string
  /** The agent with this identity, if there is one. */
  installed(identity: string): InstalledAgent | undefined
}

/** An agent that is complete but for its place. */
export interface StagedAgent {
  readonly uuid: string
  /** Name and version. */
  readonly name: string
  /** All of this installation. */
  readonly staging: string
  /** What becomes the folder of the agent. */
  readonly folder: string
  readonly unpacked: UnpackedPackage
}

/** What an earlier run of the platform has left half done. */
export interface LeftOver {
  /** Identities that were given rights, or lose them, and have no agent. */
  readonly unfinished: readonly string[]
  /** What could not be put right, one line each. */
  readonly problems: readonly string[]
}

/**
 * Called when all is prepared and only the move into place is left. When it rejects, nothing is changed.
 *
 * @param note has to be called before the identity gets rights it did not have: should the platform be killed before the agent
 *   is in its place, its next start takes them away
 */
export type BeforeMove = (
  identity: string,
  former: InstalledAgent | undefined,
  note: () => Promise<void>,
) => Promise<void>

const FOLDER_MODE = 0o700
const PASSABLE_MODE = 0o711
const EMPTY_CONFIG = '{}'
/** In a staging folder: agents that have just been taken out of their place, for the one that is to have it. */
const REPLACED = 'replaced'
/** In a staging folder: what tools store on the way. */
const SCRATCH = 'scratch'
/** In a staging folder: the identity that has rights only as long as there is an agent of it. */
const RIGHTS = 'RIGHTS'
/** Time a tool of an earlier run has to end by itself. */
const TOOL_GRACE_MS = 2_000
/** What an installation puts into the folder of an agent. All else in it is the agent's own. */
const PUT_BY_INSTALLATION: ReadonlySet<string> = new Set([
  AgentFile.uuid,
  AgentFile.name,
  AgentFile.config,
  AgentFile.tag,
  AgentFile.priority,
  AgentFile.description,
  AgentFile.process,
  AgentFile.package,
  AgentFile.environment,
  AgentFile.home,
])

export class Installer {
  readonly #ports: InstallerPorts
  /** Staging folders of an earlier run with an agent that could not be put back: nobody removes it. */
  readonly #kept = new Set<string>()

  constructor(ports: InstallerPorts) {
    this.#ports = ports
  }

  /**
   * Ends what was under way when the platform was killed: an agent that was just being replaced is complete again, one that
   * was being installed is not there. {@link clear} follows when what is left over is dealt with.
   */
  async prepare(): Promise<LeftOver> {
    const { stagingFolder, logs } = this.#ports
    logs.prepare()
    const unfinished = new Set<string>()
    const problems: string[] = []
    try {
      await endOrphans(stagingFolder, TOOL_GRACE_MS, (name) => join(name, SCRATCH))
      for (const name of await namesIn(stagingFolder)) {
        const staging = join(stagingFolder, name)
        await this.#putBack(staging).catch((error) => {
          this.#kept.add(name)
          problems.push(fileError(`cannot put back what is in ${join(staging, REPLACED)}`, error).message)
        })
        const identity = await readFile(join(staging, RIGHTS), 'utf8').catch(() => '')
        if (identity !== '' && !(await isThere(this.#placeOf(identity)))) unfinished.add(identity)
      }
    } catch (error) {
      throw fileError(`cannot end what is in ${stagingFolder}`, error)
    }
    return { unfinished: [...unfinished], problems }
  }

  /** Removes what installations of an earlier run have left, but for what could not be put back. @throws VolttronError `system` */
  async clear(): Promise<void> {
    const { stagingFolder } = this.#ports
    try {
      for (const name of await namesIn(stagingFolder)) {
        if (!this.#kept.has(name)) await removeTree(join(stagingFolder, name))
      }
    } catch (error) {
      throw fileError(`cannot empty ${stagingFolder}`, error)
    }
  }

  async #putBack(staging: string): Promise<void> {
    const replaced = join(staging, REPLACED)
    for (const identity of await namesIn(replaced)) {
      const place = this.#placeOf(identity)
      if (await isThere(place)) await moveStored(join(replaced, identity), place)
      else await rename(join(replaced, identity), place)
    }
  }

  #placeOf(identity: string): string {
    return join(this.#ports.agentsFolder, identity)
  }

  /**
   * All that takes long: brings the package and what it depends on into a folder of its own, where nobody sees it. Whoever
   * stages an agent settles it.
   *
   * @throws VolttronError `usage`, `not-found`, `bad-data`, `system`, `unavailable`; then nothing is left of it
   */
  async stage(request: InstallRequest): Promise<StagedAgent> {
    this.#requireRunning()
    if (request.identity !== undefined) await this.#checkIdentity(request.identity, request.force)
    if (request.priority !== undefined) twoDigits(request.priority)
    const uuid = randomUUID()
    const staging = join(this.#ports.stagingFolder, uuid)
    const folder = join(staging, 'agent')
    const scratch = join(staging, SCRATCH)
    try {
      await this.#makeFolders([this.#ports.stagingFolder, staging, folder])
      await mkdir(scratch, { mode: FOLDER_MODE })
      const place = { ...this.#ports, subject: request.source, folder: staging, scratch }
      const unpacked = await this.#unpack(request, place, folder)
      await chmod(folder, FOLDER_MODE)
      return { uuid, staging, folder, unpacked, name: `${unpacked.name}-${unpacked.version}` }
    } catch (error) {
      await removeQuietly(staging)
      throw error
    }
  }

  /**
   * The one asked for, else the one its author wants, else a free one made of its name.
   *
   * @param isTaken of an identity that is not installed: somebody is about to
   */
  identityFor(
    { unpacked, name }: StagedAgent,
    { identity }: InstallRequest,
    isTaken: (identity: string) => boolean,
  ): string {
    const wanted = identity ?? unpacked.defaultIdentity
    if (wanted !== undefined) return wanted
    for (let number = 1; ; number++) {
      const free = `${name}_${number}`
      if (!this.#ports.installed(free) && !isTaken(free)) return free
    }
  }

  /**
   * Gives an agent its place. Nothing else may change the agent of that identity meanwhile.
   *
   * @returns the agent as it is on the disk now
   * @throws VolttronError `usage`, `bad-data`, `system`, `unavailable`; then nothing has changed
   */
  async settle(
    { uuid, staging, folder, unpacked, name }: StagedAgent,
    identity: string,
    request: InstallRequest,
    beforeMove: BeforeMove,
  ): Promise<InstalledAgent> {
    try {
      this.#requireRunning()
      await this.#checkIdentity(identity, request.force)
      const former = this.#ports.installed(identity)
      await writeDescription(folder, { uuid, name, version: unpacked.version, launch: unpacked.launch })
      await writeTag(folder, request.tag ?? former?.tag)
      await writePriority(folder, request.priority ?? former?.priority)
      await this.#putConfig(request.config, identity, folder)
      await beforeMove(identity, former, () => noteRights(staging, identity))
      await this.#moveIntoPlace(folder, identity, join(staging, REPLACED))
      const agent = await readAgent(this.#ports.agentsFolder, identity)
      if (typeof agent === 'string') throw new VolttronError('internal', `${identity} was not installed: ${agent}`)
      await removeQuietly(staging)
      return agent
    } catch (error) {
      // A former agent that could not be moved back waits there for the next start of the platform.
      if ((await namesIn(join(staging, REPLACED)).catch(() => [])).length === 0) await removeQuietly(staging)
      throw error
    }
  }

  /**
   * Takes an agent out of its place.
   *
   * @param withdraw takes its rights away; when it fails, the next start of the platform does it
   * @throws VolttronError `system`; then the agent is still there
   * @returns what comes after, which takes longer. @throws what `withdraw` throws
   */
  async remove(
    { identity, folder }: InstalledAgent,
    withdraw: ((identity: string) => Promise<void>) | undefined,
  ): Promise<() => Promise<void>> {
    const staging = join(this.#ports.stagingFolder, randomUUID())
    try {
      await this.#makeFolders([this.#ports.stagingFolder])
      await mkdir(staging, { mode: FOLDER_MODE })
      if (withdraw) await noteRights(staging, identity)
      await rename(folder, join(staging, 'removed'))
    } catch (error) {
      await removeQuietly(staging)
      throw fileError(`cannot remove ${folder}`, error)
    }
    return async () => {
      await withdraw?.(identity)
      await removeQuietly(staging)
      await this.#ports.logs.removeAgent(identity)
    }
  }

  #requireRunning(): void {
    if (this.#ports.signal.aborted) throw new VolttronError('unavailable', 'the platform is stopping')
  }

  /** Another user may pass through them, no more. */
  async #makeFolders(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      try {
        await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
        if (this.#ports.user) await chmod(folder, PASSABLE_MODE)
      } catch (error) {
        throw fileError(`cannot make the folder ${folder}`, error)
      }
    }
  }

  async #unpack(
    { source, data, editable, allowPrereleases }: InstallRequest,
    place: Workplace & InstallerPorts,
    agentFolder: string,
  ): Promise<UnpackedPackage> {
    await place.logs.writeInstallation(`\n${new Date().toISOString()} installing ${source}\n`)
    const found = await findPackage(source, data, place.folder)
    if (found.kind === 'node') return await unpackNodePackage(found, agentFolder, editable, place)
    return await unpackPythonPackage(found, agentFolder, { editable, allowPrereleases }, place)
  }

  async #checkIdentity(identity: string, force: boolean): Promise<void> {
    const problem = identity.startsWith('.') ? 'it must not start with a dot' : identityProblem(identity)
    if (problem !== undefined) {
      throw new VolttronError('usage', `'${identity.slice(0, 100)}' is no identity: ${problem}`)
    }
    if (isReservedIdentity(identity)) {
      throw new VolttronError('usage', `the identity '${identity}' belongs to the platform`)
    }
    if (force) return
    if (this.#ports.installed(identity)) {
      throw new VolttronError('usage', `an agent with the identity '${identity}' is installed already`, {
        hint: '--force replaces it and keeps its data; --vip-identity gives the new one another identity',
      })
    }
    const place = this.#placeOf(identity)
    if (await isThere(place)) {
      throw new VolttronError('usage', `${place} is there already, but it is no agent that can be read`, {
        hint: '--force replaces it and keeps its data; --vip-identity gives the new one another identity',
      })
    }
  }

  /** The configuration that was given, else the one that is there. */
  async #putConfig(config: string | undefined, identity: string, agentFolder: string): Promise<void> {
    const present = join(this.#placeOf(identity), AgentFile.config)
    if (config !== undefined || !(await isThere(present))) return await writeConfig(agentFolder, config ?? EMPTY_CONFIG)
    try {
      await copyFile(present, join(agentFolder, AgentFile.config))
    } catch (error) {
      throw fileError(`cannot take over ${present}`, error)
    }
  }

  /** What the agent has stored stays with its identity. It is moved last: whenever we are killed, the rest can be done later. */
  async #moveIntoPlace(from: string, identity: string, replaced: string): Promise<void> {
    const place = this.#placeOf(identity)
    const aside = join(replaced, identity)
    const undo: (() => Promise<void>)[] = []
    try {
      if (await isThere(place)) {
        await mkdir(replaced, { mode: FOLDER_MODE })
        await rename(place, aside)
        undo.unshift(() => rename(aside, place))
      }
      await rename(from, place)
      undo.unshift(() => rename(place, from))
      if (undo.length > 1) {
        undo.unshift(() => moveStored(place, aside))
        await moveStored(aside, place)
      }
      await mkdir(join(place, AgentFile.data), { recursive: true, mode: FOLDER_MODE })
    } catch (error) {
      for (const step of undo) await step()
      throw fileError(`cannot move the agent to ${place}`, error)
    }
  }
}

/** What an agent has stored in its folder goes to another one, unless that has something of the name. */
async function moveStored(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    if (PUT_BY_INSTALLATION.has(name) || (await isThere(join(to, name)))) continue
    await rename(join(from, name), join(to, name))
  }
}

const removeQuietly = (folder: string): Promise<void> => removeTree(folder).catch(() => {})

const noteRights = (staging: string, identity: string): Promise<void> =>
  replaceFile(join(staging, RIGHTS), identity, { mode: 0o600 })

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
