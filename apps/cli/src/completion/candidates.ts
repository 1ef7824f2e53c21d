/** What may come next on a command line: commands, options, values. */
import type { Argument, Command, Option } from 'commander'
import type { Invocation } from '../invocation.ts'
import { VALUE_SOURCES } from './values.ts'

export interface Candidate {
  readonly value: string
  /** One line for shells that show it. */
  readonly summary?: string
}

/** A command line up to the cursor, understood. */
interface Place {
  readonly command: Command
  /** The arguments of the command so far. */
  readonly earlier: readonly string[]
  /** The option whose value is being typed. */
  readonly option: Option | undefined
}

/**
 * @param words behind `vctl`, up to the cursor; the last one is being typed, and empty when it has not begun
 * @param invocation reaches the platform for values
 */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  invocation: Invocation,
): Promise<Candidate[]> {
  const typed = words.at(-1) ?? ''
  const place = placeOf(program, words.slice(0, -1))
  const all = await allAt(place, typed, invocation)
  return all.filter(({ value }) => value.startsWith(typed))
}

async function allAt({ command, earlier, option }: Place, typed: string, invocation: Invocation): Promise<Candidate[]> {
  if (option) return (option.argChoices ?? []).map((value) => ({ value }))
  const help = command.createHelp()
  if (typed.startsWith('-')) {
    const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command), ...command.options]
    return [
      ...new Map(options.map((it) => [it.long, { value: it.long ?? it.short!, summary: it.description }])).values(),
    ]
  }
  const inner = help.visibleCommands(command).filter((it) => it.name() !== 'help')
  if (inner.length > 0 && earlier.length > 0) return []
  if (inner.length > 0) return inner.map((it) => ({ value: it.name(), summary: help.subcommandDescription(it) }))
  const argument = argumentAt(command, earlier.length)
  if (!argument) return []
  if (argument.argChoices) return argument.argChoices.map((value) => ({ value }))
  const source = VALUE_SOURCES[pathOf(command)]?.[command.registeredArguments.indexOf(argument)]
  const values = (await source?.(invocation, earlier)) ?? []
  return [...values].sort().map((value) => ({ value }))
}

/** `config store`: the words that lead to the command. */
export function pathOf(command: Command): string {
  const names: string[] = []
  for (let it: Command | null = command; it?.parent; it = it.parent) names.unshift(it.name())
  return names.join(' ')
}

function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1)
  return registeredArguments[position] ?? (last?.variadic ? last : undefined)
}

function placeOf(program: Command, words: readonly string[]): Place {
  let command = program
  let earlier: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!
    if (word.startsWith('-') && word !== '-') {
      const option = optionNamed(command, word)
      if (!option?.required || word.includes('=')) continue
      at += 1
      if (at === words.length) return { command, earlier, option }
      continue
    }
    const inner = command.commands.find((it) => it.name() === word || it.aliases().includes(word))
    if (inner) {
      command = inner
      earlier = []
    } else earlier = [...earlier, word]
  }
  return { command, earlier, option: undefined }
}

/** An option of the command or of one above it. */
function optionNamed(command: Command, word: string): Option | undefined {
  const name = word.split('=', 1)[0]!
  for (let it: Command | null = command; it; it = it.parent) {
    const option = it.options.find(({ long, short }) => long === name || short === name)
    if (option) return option
  }
  return undefined
}
