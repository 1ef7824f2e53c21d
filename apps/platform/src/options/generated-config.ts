/** Whether a `config` is still as the platform itself wrote it, so that it may write it anew. */
import { formatVolttronFile, readVolttronFile } from '@volttron/config'

/** What the platform writes there. */
export const GENERATED_KEYS = ['messagebus', 'instance-name', 'address', 'advertise-address'] as const

/** False as soon as somebody has added a word, a comment or a blank. */
export function isGeneratedConfig(text: string): boolean {
  const { entries, sections, problems } = readVolttronFile(text, '')
  const keys = GENERATED_KEYS.filter((key) => entries.some((entry) => entry.key === key))
  return (
    sections.size === 0 &&
    problems.length === 0 &&
    entries.length === keys.length &&
    entries.every(({ key }, at) => key === keys[at]) &&
    formatVolttronFile(entries) === text
  )
}
