/** The built command as a real process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onEnd } from './support.ts'

const program = fileURLToPath(new URL('../bin/volttron-platform-lookup.js', import.meta.url))

export interface Run {
  readonly child: ChildProcess
  /** What it wrote so far, both streams. */
  readonly output: () => string
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | string | null>
}

export function run(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout?.on('data', (chunk) => (text += chunk))
  child.stderr?.on('data', (chunk) => (text += chunk))
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  onEnd(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, output: () => text, ended }
}

/** The fields of the log line that says it listens. */
export async function listening({ child, output }: Run): Promise<{ url: string; port: number }> {
  for (;;) {
    const line = output()
      .split('\n')
      .find((text) => text.includes('"event":"listening"'))
    if (line) return JSON.parse(line)
    if (child.exitCode !== null) throw new Error(`it ended: ${output()}`)
    await Promise.race([once(child.stdout!, 'data'), once(child, 'close')])
  }
}
