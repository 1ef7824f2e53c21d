/**
 * Calls about one store that are under way. They are counted from their arrival on: an agent that sends changes faster than a
 * disk takes them, or does not listen to those of its own store, must not fill the platform with what waits.
 */
import { VolttronError } from '@volttron/vip'

const MAX_CALLS = 200
const MAX_CHARACTERS = 64 * 2 ** 20

export class OpenCalls {
  readonly #open = new Map<string, { calls: number; characters: number }>()

  /**
   * Carries out a call, and gives what it gives.
   *
   * @param characters of text it brings along
   * @throws VolttronError `unavailable` when too many are under way
   */
  async run<T>(identity: string, characters: number, call: () => Promise<T>): Promise<T> {
    const open = this.#open.get(identity) ?? { calls: 0, characters: 0 }
    if (open.calls >= MAX_CALLS || (open.calls > 0 && open.characters + characters > MAX_CHARACTERS)) {
      throw new VolttronError('unavailable', `too many changes of the configurations of ${identity} are under way`, {
        hint: `wait for their answers; if none comes, ${identity} does not take its configurations`,
      })
    }
    this.#open.set(identity, open)
    open.calls++
    open.characters += characters
    try {
      return await call()
    } finally {
      open.calls--
      open.characters -= characters
      if (open.calls === 0) this.#open.delete(identity)
    }
  }
}
