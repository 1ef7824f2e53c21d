/** Something small that is measured: a loop over one operation, long enough for the clock. */

export interface Subject {
  /** `area: operation`. */
  readonly workload: string
  /** What it is done to: a size or a count. */
  readonly payload: string
  /** Operations in one {@link Subject.run}. */
  readonly operations: number
  /** Does them all; returns something that depends on each, so that none can be left out. */
  run(): number
}

/** A subject that calls `operation` with 0 to `operations - 1`. */
export function subject(
  workload: string,
  payload: string,
  operations: number,
  operation: (index: number) => number,
): Subject {
  return {
    workload,
    payload,
    operations,
    run() {
      let sum = 0
      for (let index = 0; index < operations; index++) sum += operation(index)
      return sum
    },
  }
}

/** Numbers below `limit`, the same in every run, in no order that a cache could follow. */
export function scattered(count: number, limit: number): number[] {
  let state = 1
  return Array.from({ length: count }, () => {
    // Numerical Recipes' linear congruential generator.
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  })
}
