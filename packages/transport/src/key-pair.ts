import { randomBytes } from 'node:crypto'
import { type KeyPair, keyPairFromSecret } from '@volttron/vip'

/** A new CURVE key pair from the system's random source. */
export const generateKeyPair = (): KeyPair => keyPairFromSecret(randomBytes(32))
