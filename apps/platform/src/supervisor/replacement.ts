/** Makes room for an agent that is being installed, and gives it back when that fails. */
import type { InstalledAgent } from './agent-folder.ts'
import { isWanted } from './agent-machine.ts'
import type { Supervisor } from './supervisor.ts'

/** Keys and rights of an agent. */
export interface AgentAccess {
  /** It has a key. */
  isKnown(identity: string): Promise<boolean>
  /** Makes a key with the rights every agent has; keeps what is there. */
  grant(identity: string): Promise<void>
  /** Takes key and rights away. */
  withdraw(identity: string): Promise<void>
  /** The credential as JSON text, as an agent is given it. @throws VolttronError `not-found` */
  credentials(identity: string): Promise<string>
}

export class Replacement {
  /** The agent that has the identity until now. */
  former: InstalledAgent | undefined
  /** It ran, or was to be started again. */
  wasWanted = false
  readonly #supervisor: Supervisor
  readonly #access: AgentAccess
  /** Whose key was made. */
  #granted: string | undefined

  constructor(supervisor: Supervisor, access: AgentAccess) {
    this.#supervisor = supervisor
    this.#access = access
  }

  /**
   * Gives the identity its rights, and stops the agent that has it.
   *
   * @param note called before it gets a key it did not have
   */
  async begin(identity: string, former: InstalledAgent | undefined, note: () => Promise<void>): Promise<void> {
    if (!(await this.#access.isKnown(identity))) {
      await note()
      this.#granted = identity
    }
    await this.#access.grant(identity)
    if (!former) return
    this.former = former
    this.wasWanted = isWanted(this.#supervisor.stateOf(former.uuid))
    await this.#supervisor.hold(former.uuid)
  }

  /** Never throws: whoever undoes has an error to tell already. */
  async undo(): Promise<void> {
    if (this.#granted !== undefined) await this.#access.withdraw(this.#granted).catch(() => {})
    if (!this.former) return
    this.#supervisor.release(this.former.uuid)
    if (this.wasWanted) await this.#supervisor.start(this.former.uuid).catch(() => {})
  }
}
