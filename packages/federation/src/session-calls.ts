/** Calls to other platforms: they need a session of ours, because a Python router ends itself over any call from abroad. */
import { identityProblem, VipErrno } from '@volttron/vip'
import { MAX_RPC_FRAMES, type RpcErrorMessage, type RpcMessage } from './control-message.ts'
import type { RemotePlatform } from './remote-platform.ts'

/** Why a call did not leave; `errno` and `text` are those of a VIP error frame. */
export interface SendError {
  readonly errno: number
  readonly text: string
}

/** Sends a call, an answer, or why there is none; `undefined` when it left. */
export function sendOnSession<T, R>(
  name: string,
  platform: RemotePlatform<T, R> | undefined,
  message: RpcMessage | RpcErrorMessage,
): SendError | undefined {
  if (!platform) return unreachable(`no platform named ${name} is known`)
  const { session, link } = platform
  if (!session && link)
    return unreachable(`the platform ${name} speaks VIP1, in which platforms cannot call each other`)
  if (!session) return unreachable(`the platform ${name} is not connected`)
  const problem = message.op === 'error' ? undefined : callProblem(name, message)
  if (problem !== undefined) return unreachable(problem)
  return session.send(message) ? undefined : busy(name)
}

function callProblem(platform: string, { to, frames }: RpcMessage): string | undefined {
  if (identityProblem(to) !== undefined) return `no such peer: ${platform}/${to}`
  return frames.length > MAX_RPC_FRAMES ? `a call has at most ${MAX_RPC_FRAMES} frames` : undefined
}

const unreachable = (text: string): SendError => ({ errno: VipErrno.hostUnreachable.code, text })
const busy = (platform: string): SendError => ({
  errno: VipErrno.again.code,
  text: `the queue to the platform ${platform} is full`,
})
