/** Who goes first: a machine that warms up or gets busy must not favour the same system in every round. */

/** The same items, begun with another one each time `step` grows. */
export const rotated = <T>(items: readonly T[], step: number): T[] =>
  items.map((_, index) => items[(index + step) % items.length]!)
