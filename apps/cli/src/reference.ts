/** All commands and exit codes as Markdown, from the commands themselves, so that docs/vctl.md stays true. */
import type { Command } from 'commander'
import { pathOf } from './completion/candidates.ts'
import { EXIT_CODES } from './exit-codes.ts'

/** What a person reads about one command. */
export interface CommandReference {
  /** `config store`. */
  readonly path: string
  /** `config store <identity> <name> [file]`. */
  readonly usage: string
  readonly summary: string
  /** Command lines that may be tried. */
  readonly examples: readonly string[]
  readonly help: string
}

export function referenceOf(command: Command): CommandReference {
  const help = helpOf(command)
  const path = pathOf(command)
  const [, block = ''] = /^Examples?:\n((?: {2}.*\n?)+)/m.exec(help) ?? []
  const examples = block.split('\n').flatMap((line) => (/\bvctl /.test(line) ? [exampleOf(line)] : []))
  const words = command.usage().replace('[options]', '').trim()
  return { path, usage: `${path} ${words}`.trim(), summary: command.summary() || command.description(), examples, help }
}

/** One row a command. */
export const commandTable = (commands: readonly CommandReference[]): string =>
  table(
    ['Command', 'What it does', 'Example'],
    [...commands]
      .sort((one, other) => (one.path < other.path ? -1 : 1))
      .map(({ usage, summary, examples: [example = ''] }) => [code(usage), summary, code(example)]),
  )

export const exitCodeTable = (): string =>
  table(
    ['Code', 'Meaning', 'With `--compat-exit-codes`'],
    EXIT_CODES.map(({ code: number, meaning, compatible }) => [`${number}`, meaning, `${compatible}`]),
  )

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escapePipes).join(' | ')} |`).join('\n')

const escapePipes = (cell: string): string => cell.replaceAll('|', '\\|')

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

/** Without what is said behind the command, which stands two blanks or more away. */
const exampleOf = (line: string): string => line.trim().replace(/ {2,}.*$/, '')

function helpOf(command: Command): string {
  let help = ''
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
  })
  command.outputHelp()
  return help
}
