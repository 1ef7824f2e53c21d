/** Publishes that were sent and wait for the router's answer. The answer belongs to the connection they were sent on. */
import { VolttronError } from '@volttron/vip'
import type { AwaitedPublish } from './outgoing.ts'
import { vipError } from './vip-errors.ts'
import type { PublishKey } from './wire.ts'

interface Sent {
  readonly topic: string
  readonly awaited: AwaitedPublish
}

export class AwaitedPublishes {
  readonly #sent = new Map<PublishKey, Sent>()
  #emptyWaiters: (() => void)[] = []

  add(topic: string, awaited: AwaitedPublish, key: PublishKey): void {
    this.#sent.set(key, { topic, awaited })
  }

  /** The router has sent it to so many; `false` when nobody waits for this answer. */
  settle(key: PublishKey, receivers: number): boolean {
    const sent = this.#take(key)
    sent?.awaited.resolve(receivers)
    return sent !== undefined
  }

  /** The router has refused it; `false` when nobody waits for this answer. */
  refuse(key: PublishKey, errno: number, text: string): boolean {
    const sent = this.#take(key)
    sent?.awaited.reject(vipError(errno, text, `publish to '${sent.topic}'`))
    return sent !== undefined
  }

  /** The connection is gone, and with it the answers. */
  rejectAll(reason: string): void {
    for (const [key, { topic, awaited }] of this.#sent) {
      this.#take(key)
      awaited.reject(
        new VolttronError('unavailable', `${reason} before the platform confirmed the publish to '${topic}'`, {
          hint: 'it may or may not have been published',
        }),
      )
    }
  }

  /** Resolves when no answer is missing any more. */
  whenEmpty(): Promise<void> {
    if (this.#sent.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#emptyWaiters.push(resolve))
  }

  #take(key: PublishKey): Sent | undefined {
    const sent = this.#sent.get(key)
    this.#sent.delete(key)
    if (this.#sent.size === 0) for (const resolve of this.#emptyWaiters.splice(0)) resolve()
    return sent
  }
}
