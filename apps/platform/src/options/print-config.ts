/** `--print-config`: every option with its value and where that came from. */
import { type OptionSpec, optionName } from '@volttron/config'
import { platformCatalogue } from './catalogue.ts'
import type { PlatformCommand } from './platform-options.ts'

export interface PrintedOption {
  readonly option: string
  /** As in the program: bytes, milliseconds; `null` when not set. */
  readonly value: unknown
  readonly source: string
  /** The flag, variable or line; for people. */
  readonly where: string
  readonly description: string
}

/**
 * As text it is a configuration file: what is printed can be read back. Secrets appear as the path of their file only.
 *
 * @param format `json` gives one array of {@link PrintedOption}
 */
export function printConfig(command: Exclude<PlatformCommand, { action: 'show' }>, format: 'text' | 'json'): string {
  const rows = Object.entries(platformCatalogue).flatMap(([property, declared]) => {
    const spec: OptionSpec = declared
    const { value, source } = command.resolved[property as keyof typeof command.resolved]
    if (spec.description === 'accepted for compatibility' && source.kind === 'default') return []
    return [{ option: optionName(property), value, source, spec }]
  })
  if (format === 'json') {
    const printed: PrintedOption[] = rows.map(({ option, value, source, spec }) => ({
      option,
      value: value ?? null,
      source: source.kind,
      where: source.where,
      description: spec.description,
    }))
    return `${JSON.stringify(printed, null, 2)}\n`
  }
  const lines = rows.map(({ option, value, source, spec }) => {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return `# ${option} is not set`
    const shown = spec.format ? spec.format(value) : String(value)
    return `${`${option} = ${/[#"']/.test(shown) ? JSON.stringify(shown) : shown}`.padEnd(48)} # ${source.where}`
  })
  return `# VOLTTRON_HOME is ${command.options.home}\n[volttron]\n${lines.join('\n')}\n`
}
