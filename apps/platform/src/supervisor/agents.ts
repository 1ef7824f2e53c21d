/**
 * The agents that are installed on this platform: what is on the disk, what runs, and everything an operator may do with
 * them. Two changes of the agent of one identity never overlap.
 */
import { join } from 'node:path'
import type { Logger } from '@volttron/observe'
import { describeError, VolttronError } from '@volttron/vip'
import { agentCommand, agentEnvironment } from './agent-environment.ts'
import { AgentFile, type InstalledAgent, readAgents, writePriority, writeTag } from './agent-folder.ts'
import type { Ending, RestartRules } from './agent-machine.ts'
import { signalGroup, startProcess } from './agent-process.ts'
import { type AgentRow, agentRow } from './agent-row.ts'
import { type HomeView, handOver } from './agent-user.ts'
import type { AgentUser } from './folder-ownership.ts'
import type { InstallRequest } from './install-request.ts'
import { Installer, type InstallerPorts, type StagedAgent } from './installer.ts'
import type { LogFiles } from './log-files.ts'
import { endOrphans, forgetProcess, recordProcess } from './orphans.ts'
import { resourceUse } from './process-facts.ts'
import { ResourceWatch } from './resource-watch.ts'
import { type AgentAccess, Replacement } from './replacement.ts'
import { AtMost, OneByKey } from './side-by-side.ts'
import { type StartedProcess, Supervisor, type SupervisorPorts } from './supervisor.ts'

export interface AgentsPorts extends Omit<InstallerPorts, 'installed' | 'signal' | 'user'> {
  /** VOLTTRON_HOME. */
  readonly home: string
  readonly access: AgentAccess
  readonly rules: RestartRules
  readonly clock: SupervisorPorts['clock']
  /** Another user the agents run as, and how they find the platform then. */
  readonly user: { readonly account: AgentUser; readonly view: () => HomeView } | undefined
  readonly log: Logger
}

/** An agent crashed. */
export interface AgentCrash {
  readonly agent: InstalledAgent
  readonly last: Ending
  readonly failures: number
  /** `undefined`: it is not started again. */
  readonly retryInMs: number | undefined
}

/** What the environment of each of its processes says. */
const environmentOf = (identity: string): string => `AGENT_VIP_IDENTITY=${identity}\0`
/** Each may keep a processor and a line busy. */
const INSTALLATIONS_AT_ONCE = 2
/** How often logs are looked at, whether they have grown too large. */
const LOOK_AT_LOGS_MS = 5_000

export class Agents {
  readonly logs: LogFiles
  readonly #ports: AgentsPorts
  readonly #installer: Installer
  readonly #supervisor: Supervisor
  readonly #resources: ResourceWatch
  readonly #byUuid = new Map<string, InstalledAgent>()
  /** Changes of what is installed under an identity. */
  readonly #changing = new OneByKey()
  /** Installations under an identity that was asked for, with all that takes long. */
  readonly #installing = new OneByKey()
  /** Where packages are prepared. */
  readonly #places = new AtMost(INSTALLATIONS_AT_ONCE)
  /** What has to end before the platform does. Never rejects. */
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #onCrash: (crash: AgentCrash) => void = () => {}
  #stopLookingAtLogs = () => {}
  /** Identities an earlier run has left rights for, but no agent. */
  #unfinished: readonly string[] = []

  private constructor(ports: AgentsPorts) {
    this.#ports = ports
    this.logs = ports.logs
    this.#installer = new Installer({
      ...ports,
      signal: this.#stopping.signal,
      user: ports.user?.account,
      installed: (identity) => this.byIdentity(identity),
    })
    this.#resources = new ResourceWatch(resourceUse, ports.clock.monotonicMs)
    this.#supervisor = new Supervisor(ports.rules, {
      clock: ports.clock,
      spawn: async (uuid) => await this.#spawn(this.get(uuid)),
      signal: signalGroup,
      onCrash: ({ uuid, ...crash }) => this.#crashed({ agent: this.get(uuid), ...crash }),
    })
  }

  /** Reads what is installed, and ends what an earlier run has left running. @throws VolttronError `system` */
  static async open(ports: AgentsPorts): Promise<Agents> {
    const agents = new Agents(ports)
    const { unfinished, problems } = await agents.#installer.prepare()
    agents.#unfinished = unfinished
    for (const problem of problems) ports.log.error(problem)
    for (const identity of await endOrphans(ports.agentsFolder, ports.rules.stopMs, environmentOf)) {
      ports.log.warn({ identity }, 'an agent of an earlier run was still there, and was ended')
    }
    const found = await readAgents(ports.agentsFolder)
    for (const problem of found.problems) ports.log.warn(problem)
    for (const agent of found.agents) agents.#byUuid.set(agent.uuid, agent)
    agents.#lookAtLogs()
    return agents
  }

  /**
   * Ends what an earlier run has left half done, now that rights can be changed: those of agents that are not there are taken
   * away. Nothing can be installed before.
   *
   * Never throws: what cannot be done now is left for the next start, and does not keep the platform from running.
   */
  async finishEarlierRun(): Promise<void> {
    const { access, log } = this.#ports
    try {
      for (const identity of this.#unfinished) {
        await access.withdraw(identity)
        log.warn({ identity }, 'the platform was killed while it installed or removed an agent; it is not there')
      }
      await this.#installer.clear()
    } catch (error) {
      log.error(describeError(error))
    }
  }

  /** Who hears of crashes. */
  onCrash(listener: (crash: AgentCrash) => void): void {
    this.#onCrash = listener
  }

  /** By identity. */
  list(): readonly InstalledAgent[] {
    return [...this.#byUuid.values()].sort((one, other) => (one.identity < other.identity ? -1 : 1))
  }

  /** @throws VolttronError `not-found` */
  get(uuid: string): InstalledAgent {
    const agent = this.#byUuid.get(uuid)
    if (agent) return agent
    throw new VolttronError('not-found', `there is no agent with the uuid '${uuid.slice(0, 100)}'`)
  }

  byIdentity(identity: string): InstalledAgent | undefined {
    return [...this.#byUuid.values()].find((agent) => agent.identity === identity)
  }

  /**
   * Some installations go on side by side; those of one identity one after the other.
   *
   * @returns the agent's uuid
   * @throws VolttronError `usage`, `not-found`, `bad-data`, `system`, `unavailable`; then nothing has changed, unless the
   *   message says that the agent is installed
   */
  install(request: InstallRequest): Promise<string> {
    const { identity } = request
    const install = async () => {
      const staged = await this.#places.run(() => this.#installer.stage(request))
      const chosen = this.#installer.identityFor(staged, request, (other) => this.#changing.has(other))
      return await this.#changing.run(chosen, () => this.#adopt(staged, chosen, request))
    }
    return this.#until(identity === undefined ? install() : this.#installing.run(identity, install))
  }

  /** @param withdraw takes key and rights away too. @throws VolttronError `not-found`, `system` */
  async remove(uuid: string, withdraw: boolean): Promise<void> {
    const { access, log } = this.#ports
    const { identity } = this.get(uuid)
    await this.#change(identity, async () => {
      const agent = this.get(uuid)
      await this.#supervisor.hold(uuid)
      const finish = await this.#installer
        .remove(agent, withdraw ? () => access.withdraw(identity) : undefined)
        .catch((error) => {
          this.#supervisor.release(uuid)
          throw error
        })
      this.#supervisor.drop(uuid)
      this.#byUuid.delete(uuid)
      log.info({ identity, name: agent.name, uuid }, 'agent removed')
      await finish().catch((error) => {
        throw new VolttronError('system', `${identity} is removed, but not all of it: ${describeError(error)}`, {
          hint: 'the next start of the platform takes its key and rights away',
          cause: error,
        })
      })
    })
  }

  /** @param tag none removes it */
  async tag(uuid: string, tag: string | undefined): Promise<void> {
    await this.#change(this.get(uuid).identity, async () => {
      const agent = this.get(uuid)
      await writeTag(agent.folder, tag)
      this.#byUuid.set(uuid, { ...agent, tag: tag?.slice(0, 64) || undefined })
    })
  }

  /** @param priority from 0 to 99: started with the platform, low numbers first; none: not started with it */
  async prioritize(uuid: string, priority: string | undefined): Promise<void> {
    await this.#change(this.get(uuid).identity, async () => {
      const agent = this.get(uuid)
      await writePriority(agent.folder, priority)
      this.#byUuid.set(uuid, { ...agent, priority: priority?.trim().padStart(2, '0') })
    })
  }

  /** Resolves when its process is there. @throws VolttronError `usage` when it runs already, `not-found`, `system` */
  async start(uuid: string): Promise<void> {
    this.get(uuid)
    await this.#supervisor.start(uuid)
  }

  /** Resolves when its process is gone. */
  async stop(uuid: string): Promise<void> {
    this.get(uuid)
    await this.#supervisor.stop(uuid)
  }

  async restart(uuid: string): Promise<void> {
    this.get(uuid)
    await this.#supervisor.restart(uuid)
  }

  /** Starts those that have a priority, in its order. One that cannot be started does not keep others from it. */
  async startEnabled(): Promise<void> {
    const enabled = this.list().filter(({ priority }) => priority !== undefined)
    for (const agent of enabled.sort((one, other) => Number(one.priority) - Number(other.priority))) {
      try {
        await this.start(agent.uuid)
      } catch (error) {
        this.#ports.log.error({ identity: agent.identity, why: describeError(error) }, 'agent cannot be started')
      }
    }
  }

  /** Stops all agents; the platform goes on. */
  stopAll(): Promise<void> {
    return this.#supervisor.stopAll()
  }

  /** Stops all agents, for good, and gives up an installation that is under way. */
  async close(): Promise<void> {
    this.#stopping.abort()
    this.#stopLookingAtLogs()
    await this.#supervisor.close()
    await Promise.all(this.#underWay)
  }

  /** Forgets how agents ended. @param waiting also those that are about to be started again: they stay as they are */
  clearStatus(waiting: boolean): void {
    this.#supervisor.forget(waiting)
  }

  /** True when the agent was started since the platform runs, and how it ended was not forgotten. */
  wasStarted(uuid: string): boolean {
    const state = this.#supervisor.stateOf(uuid)
    return state.at !== 'idle' || state.last !== undefined
  }

  /** How an agent is, as the Python platform tells it: process number, and exit code once it has ended. */
  pidAndCode(uuid: string): [pid: number | null, code: number | null] {
    const { pid, exitCode } = this.row(uuid)
    return [pid ?? null, exitCode ?? null]
  }

  row(uuid: string): AgentRow {
    return agentRow(this.get(uuid), this.#supervisor.stateOf(uuid), this.#supervisor.restartsOf(uuid), {
      use: (pid, sinceMs) => this.#resources.of(pid, sinceMs),
      nowMs: this.#ports.clock.monotonicMs(),
    })
  }

  async #spawn(agent: InstalledAgent): Promise<StartedProcess> {
    const command = agentCommand(agent)
    if (!command) {
      throw new VolttronError('bad-data', `the agent '${agent.identity}' was installed by another platform`, {
        hint: `install its package again, with --vip-identity ${agent.identity} --force`,
      })
    }
    const { home, access, environment, logs, user } = this.#ports
    // An agent is worth more than its old lines.
    await logs.prepareAgent(agent.identity).catch((error: unknown) => this.#ports.log.warn(describeError(error)))
    const view = user?.view()
    const seenHome = user && view ? await handOver(agent.folder, user.account, view) : home
    const started = await startProcess({
      ...command,
      workingFolder: agent.folder,
      environment: agentEnvironment(agent, {
        home: seenHome,
        credentials: await access.credentials(agent.identity),
        inherited: user ? { ...environment, HOME: join(agent.folder, AgentFile.data) } : environment,
        ...(view && { reach: { address: view.address, serverKey: view.serverKey } }),
      }),
      logFile: logs.ofAgent(agent.identity),
      ...(user && { user: user.account }),
    })
    try {
      recordProcess(agent.folder, started.pid)
    } catch (error) {
      // Nobody would know of it after a crash of ours.
      signalGroup(started.pid, 'SIGKILL')
      throw error
    }
    this.#ports.log.info({ identity: agent.identity, pid: started.pid }, 'agent started')
    const ended = started.ended.then((code) => {
      forgetProcess(agent.folder)
      this.#resources.forget(started.pid)
      // What it has started and left behind goes with it.
      signalGroup(started.pid, 'SIGKILL')
      this.#ports.log.info({ identity: agent.identity, pid: started.pid, code }, 'agent ended')
      return code
    })
    return { pid: started.pid, ended }
  }

  #crashed(crash: AgentCrash): void {
    const { agent, last, failures, retryInMs } = crash
    this.#ports.log.warn({ identity: agent.identity, code: last.code, failures, retryInMs }, 'agent crashed')
    this.#onCrash(crash)
  }

  #runs(uuid: string): boolean {
    const { at } = this.#supervisor.stateOf(uuid)
    return at === 'running' || at === 'starting'
  }

  /** A staged agent gets its place, that of a former one if there is one, and goes on in its stead. */
  async #adopt(staged: StagedAgent, identity: string, request: InstallRequest): Promise<string> {
    const replacement = new Replacement(this.#supervisor, this.#ports.access)
    const agent = await this.#installer
      .settle(staged, identity, request, (...how) => replacement.begin(...how))
      .catch(async (error) => {
        await replacement.undo()
        throw error
      })
    const { former, wasWanted } = replacement
    if (former) {
      this.#supervisor.drop(former.uuid)
      this.#byUuid.delete(former.uuid)
    }
    this.#byUuid.set(agent.uuid, agent)
    this.#ports.log.info({ identity, name: agent.name, uuid: agent.uuid }, 'agent installed')
    if (request.start || wasWanted) {
      await this.start(agent.uuid).catch((error) => {
        throw new VolttronError('unavailable', `${identity} is installed, but ${describeError(error)}`)
      })
    }
    return agent.uuid
  }

  /** Nothing else changes the agent of that identity meanwhile. @throws VolttronError `unavailable` when the platform stops */
  #change<T>(identity: string, work: () => Promise<T>): Promise<T> {
    return this.#until(
      this.#changing.run(identity, async () => {
        if (this.#stopping.signal.aborted) throw new VolttronError('unavailable', 'the platform is stopping')
        return await work()
      }),
    )
  }

  /** The platform does not end before this has. */
  #until<T>(work: Promise<T>): Promise<T> {
    const over = work.then(
      () => {},
      () => {},
    )
    this.#underWay.add(over)
    void over.then(() => this.#underWay.delete(over))
    return work
  }

  #lookAtLogs(): void {
    if (this.#stopping.signal.aborted) return
    this.#stopLookingAtLogs = this.#ports.clock.setTimer(LOOK_AT_LOGS_MS, () => {
      const running = this.list().filter(({ uuid }) => this.#runs(uuid))
      Promise.all(running.map(({ identity }) => this.logs.rotateAgent(identity)))
        .catch((error: unknown) => this.#ports.log.warn(describeError(error)))
        .finally(() => this.#lookAtLogs())
    })
  }
}
