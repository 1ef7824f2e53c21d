/**
 * Options: one declaration gives name, type, default, unit and description; {@link resolveOptions} finds each value.
 *
 * Precedence is flag, then environment, then file, then default, and every value keeps where it came from. Several lists
 * do not add up across these levels: the highest level that names an option decides it alone.
 */
import type { z } from 'zod'
import { nearest } from './suggest.ts'
import { optionKey, type VolttronFile } from './volttron-file.ts'

export interface OptionSpec<T = unknown> {
  readonly description: string
  /** How the value is read. `flag` takes none on the command line, `list` may be given several times. */
  readonly kind: 'flag' | 'value' | 'list'
  /** Reads text (an array of texts for a list) into the typed value. */
  readonly schema: z.ZodType<T>
  readonly default: T
  /** What stands for the value in help: `URL`, `NAME`. */
  readonly placeholder?: string
  readonly unit?: string
  /** Further names that mean the same, with dashes. */
  readonly aliases?: readonly string[]
  /** Names of flags that mean "false", with dashes: `disable-federation`. */
  readonly negations?: readonly string[]
  /** How the value appears in `--print-config`; JSON unless given. */
  format?(value: T): string
}

// biome-ignore lint/suspicious/noExplicitAny: a catalogue holds options of any value type
export type OptionCatalogue = Readonly<Record<string, OptionSpec<any>>>

/** Declares one option; ties the default to the type the schema gives. */
export const option = <T>(spec: OptionSpec<T>): OptionSpec<T> => spec

export type SourceKind = 'flag' | 'environment' | 'file' | 'default'

/** Where a value came from; `where` is the flag, the variable or the file and line, for a message. */
export interface OptionSource {
  readonly kind: SourceKind
  readonly where: string
}

export interface Resolved<T> {
  readonly value: T
  readonly source: OptionSource
}

export type ResolvedOptions<C extends OptionCatalogue> = {
  readonly [K in keyof C]: Resolved<C[K] extends OptionSpec<infer T> ? T : never>
}

export interface OptionProblem {
  readonly message: string
  readonly hint?: string
  /** A file that is wrong is bad configuration, anything else is bad usage. */
  readonly kind: SourceKind
}

export interface OptionInputs {
  /** Values by property name of the catalogue, as written on the command line. */
  readonly flags: Readonly<Record<string, readonly string[] | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Prefix of variable names: `VOLTTRON_`. */
  readonly environmentPrefix: string
  readonly file?: VolttronFile
}

/** `enableFederation` -> `enable-federation`. */
export const optionName = (property: string): string => property.replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)

/** `enableFederation` -> `VOLTTRON_ENABLE_FEDERATION`. */
export const variableName = (prefix: string, property: string): string =>
  prefix + optionName(property).replaceAll('-', '_').toUpperCase()

/** Finds the value and the source of every option. What is wrong stands in `problems`; such options have their default. */
export function resolveOptions<C extends OptionCatalogue>(
  catalogue: C,
  inputs: OptionInputs,
): { options: ResolvedOptions<C>; problems: OptionProblem[] } {
  const problems: OptionProblem[] = []
  const inFile = inputs.file ? readFileOptions(catalogue, inputs.file, problems) : new Map<string, Given>()
  const options: Record<string, Resolved<unknown>> = {}
  for (const [property, spec] of Object.entries(catalogue)) {
    const given =
      fromFlags(property, inputs) ?? fromEnvironment(property, spec, inputs) ?? inFile.get(property) ?? undefined
    options[property] = { value: spec.default, source: { kind: 'default', where: 'default' } }
    if (!given) continue
    const result = parse(spec, given.texts)
    if ('value' in result) options[property] = { value: result.value, source: given.source }
    else problems.push({ message: `${given.source.where}: ${result.problem}`, kind: given.source.kind })
  }
  return { options: options as ResolvedOptions<C>, problems }
}

interface Given {
  readonly texts: readonly string[]
  readonly source: OptionSource
}

function fromFlags(property: string, { flags }: OptionInputs): Given | undefined {
  const texts = flags[property]
  return texts && { texts, source: { kind: 'flag', where: `--${optionName(property)}` } }
}

function fromEnvironment(property: string, spec: OptionSpec, inputs: OptionInputs): Given | undefined {
  for (const name of [optionName(property), ...(spec.aliases ?? [])]) {
    const variable = inputs.environmentPrefix + name.replaceAll('-', '_').toUpperCase()
    const text = inputs.environment[variable]?.trim()
    // An empty variable is an unset one: compose files pass `${X:-}`.
    if (text) return { texts: [text], source: { kind: 'environment', where: variable } }
  }
  return undefined
}

/** Options of the file by property; a key given twice adds up for a list and contradicts itself otherwise. */
function readFileOptions(
  catalogue: OptionCatalogue,
  file: VolttronFile,
  problems: OptionProblem[],
): Map<string, Given> {
  for (const { message } of file.problems) problems.push({ message, kind: 'file' })
  const names = namesOf(catalogue)
  const found = new Map<string, Given>()
  for (const { key, values, line } of file.entries) {
    const source: OptionSource = { kind: 'file', where: `${file.name} line ${line}` }
    const target = names.get(key)
    if (!target) {
      const guess = nearest(key, names.keys())
      const hint = guess === undefined ? {} : { hint: `did you mean '${guess}'?` }
      problems.push({ message: `${source.where}: unknown option '${key}'`, kind: 'file', ...hint })
      continue
    }
    const spec = catalogue[target.property]!
    const texts = target.negated ? values.map(negate) : values
    const given = texts.length > 0 || spec.kind === 'list' ? texts : [spec.kind === 'flag' ? `${!target.negated}` : '']
    if (given.length > 0 && given.every((text) => text === 'None')) continue // how Python writes "not set"
    const earlier = found.get(target.property)
    if (!earlier) found.set(target.property, { texts: given, source: named(source, key) })
    else if (spec.kind === 'list') found.set(target.property, { ...earlier, texts: [...earlier.texts, ...given] })
    else if (earlier.texts.join('\n') !== given.join('\n')) {
      problems.push({ message: `${source.where}: '${key}' was already set differently`, kind: 'file' })
    }
  }
  return found
}

const named = (source: OptionSource, key: string): OptionSource => ({ ...source, where: `${source.where}, ${key}` })

const negate = (text: string): string =>
  /^(true|yes|on|1)$/i.test(text) ? 'false' : /^(false|no|off|0)$/i.test(text) ? 'true' : text

/** Every name of every option, with dashes, and the property it stands for. */
export function namesOf(catalogue: OptionCatalogue): Map<string, { property: string; negated: boolean }> {
  const names = new Map<string, { property: string; negated: boolean }>()
  for (const [property, spec] of Object.entries(catalogue)) {
    for (const name of [optionName(property), ...(spec.aliases ?? [])]) {
      names.set(optionKey(name), { property, negated: false })
    }
    for (const name of spec.negations ?? []) names.set(optionKey(name), { property, negated: true })
  }
  return names
}

function parse(spec: OptionSpec, texts: readonly string[]): { value: unknown } | { problem: string } {
  if (spec.kind !== 'list' && texts.length !== 1) return { problem: 'one value expected, several given' }
  const input = spec.kind === 'list' ? texts.flatMap((text) => text.split(/[\s,]+/)).filter(Boolean) : texts[0]
  if (spec.kind === 'list' && (input as string[]).length === 0) return { problem: 'a value is missing' }
  const result = spec.schema.safeParse(input)
  if (result.success) return { value: result.data }
  const shown = Array.isArray(input) ? input[Number(result.error.issues[0]?.path[0] ?? 0)] : input
  const issue = result.error.issues[0]?.message ?? 'bad value'
  return { problem: shown ? `'${String(shown).slice(0, 100)}': ${issue}` : issue }
}
