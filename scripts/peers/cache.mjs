// Where peers go that are not packages of the system: goes away with node_modules, and git never sees it.
import { fileURLToPath } from 'node:url'

export const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/volttron-peers', import.meta.url))
