/** `hold-home.ts` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export interface HomeProcess {
  readonly child: ChildProcess
  /** What it says first: `ready`, or why not. */
  readonly said: Promise<string>
  readonly ended: Promise<number | NodeJS.Signals>
}

/** The command that runs a TypeScript program of this folder, on the sources of the packages. */
export const typescriptProcess = (script: string, ...args: string[]): readonly [string, ...string[]] => [
  process.execPath,
  '--conditions=@volttron/source',
  '--disable-warning=ExperimentalWarning',
  '--import',
  here('./typescript-hooks.mjs'),
  here(script),
  ...args,
]

/** Starts a process that opens the home at `path` and holds it until its input is closed. */
export function startHomeProcess(path: string): HomeProcess {
  const [node, ...args] = typescriptProcess('./hold-home.ts', path)
  const child = spawn(node, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const said = new Promise<string>((resolve) => {
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\n')) resolve(text.trimEnd())
    })
    child.once('exit', () => resolve(text.trimEnd()))
  })
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? -1))
  })
  return { child, said, ended }
}
