/**
 * Calls that wait for their reply. Each ends exactly once: by its reply, by an error frame of the router, by time-out,
 * or because the connection is gone. A reply counts only when it comes from the peer that was called.
 */
import { VipErrno, VolttronError } from '@volttron/vip'
import { remoteError } from './rpc-error.ts'
import {
  encodeBatch,
  encodeRequest,
  MAX_BATCH,
  NO_PARAMS,
  type RpcId,
  type RpcParams,
  type RpcReply,
} from './rpc-message.ts'

export interface PendingCallsPorts {
  /** Makes ids that are never valid JSON and never repeat, see sequentialIds. */
  readonly newId: () => string
  /** Calls back once after `delayMs`; returns how to prevent that. */
  readonly after: (delayMs: number, callback: () => void) => () => void
  /** Sends an `RPC` message of one argument frame to the peer. Throws when that is impossible now. */
  readonly send: (peer: string, messageId: string, frame: string) => void
}

export interface PendingCallsOptions {
  /** Default 30,000. */
  readonly timeoutMs?: number
  /** Most calls that may wait; one more is refused at once. Default 10,000. */
  readonly maxPending?: number
}

export interface CallOptions {
  /** Default: that of PendingCallsOptions. */
  readonly timeoutMs?: number
  /** Ends the wait early: the call rejects with the reason of the signal. The callee is not told. */
  readonly signal?: AbortSignal | undefined
}

export interface BatchRequest {
  readonly method: string
  readonly params?: RpcParams
  /** A notification: sent without waiting for a reply. */
  readonly notify?: boolean
}

interface Waiting {
  readonly peer: string
  readonly method: string
  /** Gives back timer and listener. */
  readonly release: () => void
  resolve(result: unknown): void
  reject(error: Error): void
}

export class PendingCalls {
  readonly #waiting = new Map<RpcId, Waiting>()
  readonly #ports: PendingCallsPorts
  readonly #timeoutMs: number
  readonly #maxPending: number

  constructor(ports: PendingCallsPorts, options: PendingCallsOptions = {}) {
    this.#ports = ports
    this.#timeoutMs = options.timeoutMs ?? 30_000
    this.#maxPending = options.maxPending ?? 10_000
  }

  /** Number of calls that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /**
   * Calls a method of a peer and gives its result.
   *
   * Rejects with RemoteError when the callee answers with an error, MethodNotFound when it has no such method, and with
   * VolttronError `timeout`, `unavailable` (peer or platform gone, queue full), `denied` or `bad-data` (an argument is
   * no JSON); with the reason of the signal when that aborts.
   */
  async call(peer: string, method: string, params: RpcParams = NO_PARAMS, options: CallOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted()
    this.#refuseAbove(1)
    const id = this.#ports.newId()
    const frame = encodeRequest(method, params, id)
    const result = this.#wait(id, peer, method, options)
    this.#send(peer, id, frame, [id])
    return result
  }

  /** Sends a request that is never answered. @throws what the send port throws, VolttronError `bad-data` */
  notify(peer: string, method: string, params: RpcParams = NO_PARAMS): void {
    // VIP specification 4.7: a notification has neither an id nor a message id
    this.#ports.send(peer, '', encodeRequest(method, params))
  }

  /** Sends several requests in one frame; resolves when each has ended, in their order. Notifications end at once. */
  async callBatch(
    peer: string,
    requests: readonly BatchRequest[],
    options: CallOptions = {},
  ): Promise<PromiseSettledResult<unknown>[]> {
    if (requests.length === 0) return []
    options.signal?.throwIfAborted()
    if (requests.length > MAX_BATCH) throw new VolttronError('usage', `a batch holds at most ${MAX_BATCH} calls`)
    this.#refuseAbove(requests.length)
    const messageId = this.#ports.newId()
    const ids: string[] = []
    const prepared = requests.map(({ method, params = NO_PARAMS, notify = false }) => {
      const id = notify ? undefined : batchId(messageId, ids.length)
      if (id !== undefined) ids.push(id)
      return { id, method, text: encodeRequest(method, params, id) }
    })
    const results = prepared.map(({ id, method }) =>
      id === undefined ? undefined : this.#wait(id, peer, method, options),
    )
    const settled = Promise.allSettled(results)
    this.#send(peer, messageId, encodeBatch(prepared.map(({ text }) => text)), ids)
    return settled
  }

  /**
   * Ends the call that `reply` of `peer` answers. An error without an id, which is how Python answers wrong arguments,
   * ends the calls of the message that it answers.
   *
   * @returns `false` when no call waits for it: it comes too late or is forged
   */
  settle(peer: string, messageId: string, reply: RpcReply): boolean {
    const { id } = reply
    if (id === null) {
      return (
        reply.kind === 'error' &&
        this.#rejectMessage(messageId, peer, ({ method }) => remoteError(peer, method, reply.error))
      )
    }
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || waiting.peer !== peer) return false
    this.#forget(id, waiting)
    if (reply.kind === 'result') waiting.resolve(reply.result)
    else waiting.reject(remoteError(peer, waiting.method, reply.error))
    return true
  }

  /**
   * Ends the calls of a message that the router gave back with an `error` frame.
   *
   * @returns `false` when none waits for it
   */
  bounce(messageId: string, errno: number, text: string): boolean {
    return this.#rejectMessage(messageId, undefined, (waiting) => bounceError(waiting, errno, text))
  }

  /** Ends every call: the connection is gone for the reason given. */
  rejectAll(reason: string): void {
    this.#rejectWhere(() => true, reason)
  }

  /** Ends the calls of one peer: it is gone. */
  rejectPeer(peer: string): void {
    this.#rejectWhere((waiting) => waiting.peer === peer, 'the peer disconnected')
  }

  #rejectWhere(isMeant: (waiting: Waiting) => boolean, reason: string): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (!isMeant(waiting)) continue
      this.#forget(id, waiting)
      waiting.reject(
        new VolttronError('unavailable', `${reason} before '${waiting.peer}' answered ${waiting.method}`, {
          hint: 'the call may or may not have been carried out; repeat it only if that does no harm',
        }),
      )
    }
  }

  #wait(id: string, peer: string, method: string, options: CallOptions): Promise<unknown> {
    const { timeoutMs = this.#timeoutMs, signal } = options
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.#waiting.delete(id)
        release()
        reject(error)
      }
      const cancelTimer = this.#ports.after(timeoutMs, () =>
        fail(
          new VolttronError('timeout', `'${peer}' did not answer ${method} within ${timeoutMs} ms`, {
            hint: 'check that the agent runs and is not busy, or allow more time',
          }),
        ),
      )
      const onAbort = () => fail(signal?.reason)
      const release = () => {
        cancelTimer()
        signal?.removeEventListener('abort', onAbort)
      }
      signal?.addEventListener('abort', onAbort)
      this.#waiting.set(id, { peer, method, release, resolve, reject })
    })
  }

  #send(peer: string, messageId: string, frame: string, ids: readonly string[]): void {
    try {
      this.#ports.send(peer, messageId, frame)
    } catch (error) {
      for (const id of ids) {
        const waiting = this.#waiting.get(id)!
        this.#forget(id, waiting)
        waiting.reject(error as Error)
      }
    }
  }

  /** A batch has one message id for all its calls, and their ids count up from it. */
  #rejectMessage(messageId: string, peer: string | undefined, errorFor: (call: Waiting) => Error): boolean {
    for (let position = 0; ; position++) {
      const id = batchId(messageId, position)
      const waiting = this.#waiting.get(id)
      if (waiting === undefined || (peer !== undefined && waiting.peer !== peer)) return position > 0
      this.#forget(id, waiting)
      waiting.reject(errorFor(waiting))
    }
  }

  #forget(id: RpcId, waiting: Waiting): void {
    waiting.release()
    this.#waiting.delete(id)
  }

  #refuseAbove(more: number): void {
    if (this.#waiting.size + more <= this.#maxPending) return
    throw new VolttronError(
      'unavailable',
      `${this.#waiting.size} calls already wait for a reply (limit ${this.#maxPending})`,
      {
        hint: 'wait for earlier calls before making more',
      },
    )
  }
}

/** The first call of a message has the message's id. */
const batchId = (messageId: string, position: number): string =>
  position === 0 ? messageId : `${messageId}/${position}`

function bounceError({ peer, method }: Waiting, errno: number, text: string): VolttronError {
  const failed = (why: string) => new VolttronError('unavailable', `cannot call ${method} of '${peer}': ${why}`)
  switch (errno) {
    case VipErrno.hostUnreachable.code:
      if (isOwnText(text, VipErrno.hostUnreachable.text)) return failed(text)
      return new VolttronError('unavailable', `cannot call ${method}: '${peer}' is not connected`, {
        hint: 'check the name with peerlist, and that the agent runs',
        cause: { errno },
      })
    case VipErrno.messageTooLong.code:
      return new VolttronError('usage', `cannot call ${method} of '${peer}': call or answer is too large`, {
        hint: 'send it in parts',
      })
    case VipErrno.again.code:
      if (isOwnText(text, VipErrno.again.text)) return failed(text)
      return new VolttronError('unavailable', `cannot call ${method}: the queue of '${peer}' is full`, {
        hint: 'it does not keep up; try again later',
      })
    case VipErrno.unauthorized.code:
      return new VolttronError('denied', `not allowed to call ${method} of '${peer}': ${text}`)
    default:
      return failed(`${text} (${errno})`)
  }
}

/** A router says more than the usual words where it knows more: which platform is unknown, what was lost. */
const isOwnText = (text: string, usual: string): boolean => text !== '' && text !== usual
