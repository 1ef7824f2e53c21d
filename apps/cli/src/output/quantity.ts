/** Spans of time and amounts of bytes as a person reads them; `--json` prints the plain numbers instead. */

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const

/** `4d 3h`, `5min 12s`, `0.4s`: the two largest units. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)}s`
  const whole = Math.round(seconds)
  for (const [index, [unit, size]] of UNITS.entries()) {
    if (whole < size) continue
    const [nextUnit, nextSize] = UNITS[index + 1] ?? (['s', 1] as const)
    const rest = Math.floor((whole % size) / nextSize)
    const largest = `${Math.floor(whole / size)}${unit}`
    return rest === 0 ? largest : `${largest} ${rest}${nextUnit}`
  }
  return `${whole}s`
}

/** `640 B`, `1.5 KiB`, `12 MiB`. */
export function formatAmount(bytes: number): string {
  let amount = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (amount < 1024) return `${amount < 10 && unit !== 'B' ? amount.toFixed(1) : Math.round(amount)} ${unit}`
    amount /= 1024
  }
  return `${amount.toFixed(1)} TiB`
}

/** `3s ago` for a moment in Unix seconds; `-` for null, which is "never". */
export const formatAgo = (unixSeconds: number | null | undefined, nowMs: number): string =>
  unixSeconds === null || unixSeconds === undefined ? '-' : `${formatSeconds(nowMs / 1000 - unixSeconds)} ago`
