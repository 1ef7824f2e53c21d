import { identityProblem, instanceNameProblem, parseRemotePeer } from '@volttron/vip'

/**
 * Why rules cannot be written for this name; `undefined` when they can: for an identity, for `<platform>/<identity>`, and
 * for `<platform>/*`, every agent of a platform.
 */
export function authzIdentityProblem(text: string): string | undefined {
  const remote = parseRemotePeer(text)
  if (!remote) return identityProblem(text)
  return (
    instanceNameProblem(remote.platform) ?? (remote.identity === '*' ? undefined : identityProblem(remote.identity))
  )
}
