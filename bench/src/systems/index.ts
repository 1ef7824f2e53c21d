/** The systems that can take part. */
import type { System } from './system.ts'
import { volttronTs } from './volttron-ts.ts'

/** Ours first, then the peers in the order of the tables. */
export const systems: readonly System[] = [volttronTs]
