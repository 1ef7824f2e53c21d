import { VolttronError } from '@volttron/vip'

/** @throws VolttronError `usage` */
export function textArgument(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new VolttronError('usage', `${name}: a text is expected`)
}
