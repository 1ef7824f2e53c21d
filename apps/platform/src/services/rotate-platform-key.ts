import type { RotatedPlatformKey } from '@volttron/contracts'
import type { Federation } from '@volttron/federation'
import { VolttronError } from '@volttron/vip'
import type { PlatformKey } from '../platform-key.ts'

/**
 * Gives the platform a new key. The registry hears of it first, with the old key as proof, so that other platforms follow.
 *
 * @throws VolttronError `unavailable` when the registry did not take it: the old key stays in use
 */
export async function rotatePlatformKey<T, R>(
  platformKey: PlatformKey,
  federation: Federation<T, R> | undefined,
): Promise<RotatedPlatformKey> {
  const old = platformKey.publicKey
  const pair = await platformKey.prepare()
  if (!federation) platformKey.use(pair)
  else {
    const outcome = await federation.rotateKey(pair)
    if (outcome.outcome !== 'registered') {
      // A lost answer may have been a yes: then the pair is kept until the registry shows which key it has.
      if (outcome.outcome !== 'unreachable') await platformKey.discardPrepared()
      throw new VolttronError('unavailable', `the key stays as it is, the registry did not take it: ${outcome.message}`)
    }
  }
  await platformKey.written()
  return { old, new: pair.publicKey, registry: federation ? 'registered' : 'none' }
}
