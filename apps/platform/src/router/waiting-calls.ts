/**
 * Calls that wait for their answer from another platform, or from here on behalf of one. Each has a name of ours, which
 * travels in place of the message id its author chose: so ids of different authors never meet, and nobody can answer a call
 * that was not asked of him.
 *
 * Without timers: a call ends by its answer, by an error, or when its peer or its session goes. One that nobody ever
 * answers is forgotten after an hour, and how many may wait is bounded.
 */
import { sequentialIds } from '@volttron/rpc'
import { frameText, type RemotePeer } from '@volttron/vip'
import type { Peer } from './peer.ts'

export interface NewCall<Form> {
  /** The end on this platform: who calls, or who is called. */
  readonly peer: Peer
  /** The other end. */
  readonly remote: RemotePeer
  /** Under which the author of the call expects the answer; at most {@link MAX_MESSAGE_ID_BYTES}. Copied. */
  readonly messageId: Uint8Array
  readonly form: Form
}

export interface WaitingCall<Form> extends NewCall<Form> {
  /** Our name for the call: never valid JSON, never used twice. */
  readonly id: string
  /** Monotonic milliseconds. */
  readonly sinceMs: number
}

export interface WaitingCallsOptions {
  /** Begins each of our names for a call: letters and digits, random per run, so that no answer to an earlier run fits. */
  readonly idPrefix: string
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly limits?: WaitingCallsLimits
}

export interface WaitingCallsLimits {
  /** Calls of one peer. */
  readonly perPeer: number
  /** Calls over one session. */
  readonly perPlatform: number
}

export const WAITING_CALLS_LIMITS: WaitingCallsLimits = { perPeer: 10_000, perPlatform: 50_000 }

/** It is kept for as long as its call waits. */
export const MAX_MESSAGE_ID_BYTES = 255

/** A call that has waited for so long is forgotten when its place is needed or the next call is made. */
export const FORGET_MS = 3_600_000

export class WaitingCalls<Form = undefined> {
  /** Calls forgotten because nobody answered them. */
  forgotten = 0
  /** Per platform, by our name, the oldest first. */
  readonly #byPlatform = new Map<string, Map<string, WaitingCall<Form>>>()
  readonly #byPeer = new Map<Peer, Set<WaitingCall<Form>>>()
  readonly #options: WaitingCallsOptions
  readonly #limits: WaitingCallsLimits
  readonly #newId: () => string
  readonly #idStart: Buffer

  constructor(options: WaitingCallsOptions) {
    this.#options = options
    this.#limits = options.limits ?? WAITING_CALLS_LIMITS
    this.#newId = sequentialIds(options.idPrefix)
    this.#idStart = Buffer.from(`r${options.idPrefix}.`, 'latin1')
  }

  get size(): number {
    let size = 0
    for (const calls of this.#byPlatform.values()) size += calls.size
    return size
  }

  /** Whether the message id was made here, for a call that may have ended meanwhile. */
  madeId(messageId: Uint8Array): boolean {
    const start = this.#idStart
    for (let at = 0; at < start.length; at++) if (messageId[at] !== start[at]) return false
    return true
  }

  /** @returns which bound is reached when the call cannot be taken */
  open({ peer, remote, messageId, form }: NewCall<Form>): WaitingCall<Form> | 'peer-full' | 'platform-full' {
    const sinceMs = this.#options.now()
    this.#forgetOld(this.#byPlatform.get(remote.platform), sinceMs)
    const ofPlatform = this.#byPlatform.get(remote.platform) ?? new Map<string, WaitingCall<Form>>()
    const ofPeer = this.#byPeer.get(peer) ?? new Set<WaitingCall<Form>>()
    if (ofPeer.size >= this.#limits.perPeer) return 'peer-full'
    if (ofPlatform.size >= this.#limits.perPlatform) return 'platform-full'
    if (ofPlatform.size === 0) this.#byPlatform.set(remote.platform, ofPlatform)
    if (ofPeer.size === 0) this.#byPeer.set(peer, ofPeer)
    const call = { id: this.#newId(), peer, remote, messageId: Buffer.from(messageId), form, sinceMs }
    ofPlatform.set(call.id, call)
    ofPeer.add(call)
    return call
  }

  /** Ends the call of this name with the given other end; `undefined` when there is none. */
  take(id: Uint8Array, remote: RemotePeer, peerIdentity: string): WaitingCall<Form> | undefined {
    const call = this.#byPlatform.get(remote.platform)?.get(frameText(id))
    if (!call || call.remote.identity !== remote.identity || call.peer.identity !== peerIdentity) return undefined
    this.end(call)
    return call
  }

  end(call: WaitingCall<Form>): void {
    const { id, peer, remote } = call
    const ofPlatform = this.#byPlatform.get(remote.platform)
    ofPlatform?.delete(id)
    // Names of platforms come from callers: nothing stays of those that do not exist.
    if (ofPlatform?.size === 0) this.#byPlatform.delete(remote.platform)
    const ofPeer = this.#byPeer.get(peer)
    ofPeer?.delete(call)
    if (ofPeer?.size === 0) this.#byPeer.delete(peer)
  }

  /** Ends all calls of a peer, and gives them. */
  dropPeer(peer: Peer): readonly WaitingCall<Form>[] {
    const calls = [...(this.#byPeer.get(peer) ?? [])]
    for (const call of calls) this.end(call)
    return calls
  }

  /** Ends all calls over the session with a platform, and gives them. */
  dropPlatform(platform: string): readonly WaitingCall<Form>[] {
    const calls = [...(this.#byPlatform.get(platform)?.values() ?? [])]
    for (const call of calls) this.end(call)
    return calls
  }

  #forgetOld(calls: ReadonlyMap<string, WaitingCall<Form>> | undefined, nowMs: number): void {
    for (const call of calls?.values() ?? []) {
      if (nowMs - call.sinceMs < FORGET_MS) return
      this.end(call)
      this.forgotten++
    }
  }
}
