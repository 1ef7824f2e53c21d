/** How long to wait before the next try: quick once, then a random part of a window that doubles (full jitter). */
export interface BackoffLimits {
  /** The first retry comes within this time. */
  readonly firstMs: number
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * @param failures tries in a row that came to nothing, before this wait
 * @param random draws from [0, 1)
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number): number {
  if (failures <= 1) return Math.floor(random() * limits.firstMs)
  const window = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(failures - 2, 30))
  return Math.floor(random() * window)
}
