/**
 * V8 counts the bytes of buffers outside its heap towards the limit that starts a full collection. A platform has a small
 * heap and moves hundreds of megabytes a second through such buffers, which minor collections free soon enough. With the
 * limit V8 finds for a heap so small, it marks the whole heap fifteen times a second all the same: a third of the CPU time
 * at full load, and pauses of 10 ms (docs/performance.md).
 */
import { setFlagsFromString } from 'node:v8'

/** How much the heap may grow between full collections, buffers included: 16 MB after the start, so about 110 MB. */
const GROWTH_PERCENT = 600

/**
 * For processes that move much: lets V8 collect the whole heap seldom. A setting of the whole process, so the platform makes
 * it for itself, and of agents those whose author wants it. Takes effect with the next full collection, and so within the
 * first seconds of load.
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}
