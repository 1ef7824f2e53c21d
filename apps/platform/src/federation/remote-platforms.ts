/** The way of calls to other platforms, as the router uses it. */
import type { Federation, SendError } from '@volttron/federation'
import { VipErrno } from '@volttron/vip'
import type { Errno, RemotePlatforms } from '../router/bus.ts'
import type { RouteName, Topic } from '../router/names.ts'

/** @param federation `undefined` when it is not enabled: then every call says so */
export function remotePlatforms(federation: Federation<Topic, RouteName> | undefined): RemotePlatforms {
  if (!federation) return { sendCall: () => DISABLED, sendAnswer: () => DISABLED, sendError: () => DISABLED }
  return {
    sendCall: (platform, { to, from, id, args }) => errnoOf(federation.sendRpc(platform, to, from, id, args)),
    sendAnswer: (platform, { to, from, id, args }) => errnoOf(federation.sendRpcAnswer(platform, to, from, id, args)),
    sendError: (platform, { to, from, id, errno: { code, text } }) =>
      errnoOf(federation.sendRpcError(platform, { id, toIdentity: to, peer: from, errno: code, text })),
  }
}

const DISABLED: Errno = { ...VipErrno.hostUnreachable, text: 'federation is not enabled on this platform' }

const errnoOf = (error: SendError | undefined): Errno | undefined => error && { code: error.errno, text: error.text }
