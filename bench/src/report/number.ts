/** Figures as people read them. */

/** Three digits that matter, and no more than are there. */
export function number(value: number): string {
  if (value >= 999.5) return Math.round(value).toLocaleString('en-US')
  if (value >= 99.5) return value.toFixed(0)
  return value === 0 ? '0' : value.toPrecision(3)
}
