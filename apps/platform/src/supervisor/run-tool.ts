/** Runs a program of the system, such as pip or npm, to its end. What it prints goes into the log of installations. */
import { spawn } from 'node:child_process'
import { errorCode } from '@volttron/auth'
import { VolttronError } from '@volttron/vip'
import type { LogFiles } from './log-files.ts'

export interface Tool {
  readonly command: string
  readonly args: readonly string[]
  readonly workingFolder?: string
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** Kills it after so long. Default 15 min: large wheels over a slow line. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 15 * 60_000
/** Of a program that never stops printing, only the end is kept. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

export class ToolFailed extends Error {
  /** What it printed. */
  readonly output: string
  readonly isMissing: boolean

  constructor(message: string, output: string, isMissing = false) {
    super(message)
    this.output = output
    this.isMissing = isMissing
  }
}

/** @returns what it printed on standard output. @throws ToolFailed, VolttronError `system` when the log cannot be written */
export async function runTool(tool: Tool, logs: LogFiles): Promise<string> {
  const { command, args, workingFolder, environment, timeoutMs = TIMEOUT_MS } = tool
  const out: Buffer[] = []
  const all: Buffer[] = []
  const how = await new Promise<{ code: number | null; error?: unknown }>((resolve) => {
    const child = spawn(command, args, {
      ...(workingFolder === undefined ? {} : { cwd: workingFolder }),
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    child.stdout.on('data', (chunk: Buffer) => {
      keep(out, chunk)
      keep(all, chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => keep(all, chunk))
    child.once('error', (error) => resolve({ code: null, error }))
    child.once('close', (code) => resolve({ code }))
  })
  const output = Buffer.concat(all).toString()
  await logs.writeInstallation(`$ ${command} ${args.join(' ')}\n${output}${output.endsWith('\n') ? '' : '\n'}`)
  if (errorCode(how.error) === 'ENOENT') throw new ToolFailed(`${command} is not there`, output, true)
  if (how.error !== undefined) throw new ToolFailed(`${command} cannot be run: ${errorCode(how.error)}`, output)
  if (how.code === null) throw new ToolFailed(`${command} was ended, it took too long`, output)
  if (how.code !== 0) throw new ToolFailed(`${command} ended with exit code ${how.code}`, output)
  return Buffer.concat(out).toString()
}

/**
 * One line about a tool that failed: its last complaint, and where the rest is.
 *
 * @param what what could not be done: `pip cannot install listener`
 * @param isComplaint recognises lines in which the tool says what is wrong
 */
export function toolError(what: string, error: unknown, logs: LogFiles, isComplaint: RegExp): unknown {
  if (!(error instanceof ToolFailed)) return error
  const lines = error.output.split('\n').map((line) => line.trim())
  const complaint = lines.findLast((line) => isComplaint.test(line))?.replace(isComplaint, '') || error.message
  return new VolttronError('bad-data', `${what}: ${complaint.slice(0, 300)}`, {
    hint: `what it printed stands in ${logs.ofInstallations}`,
    cause: error,
  })
}

function keep(chunks: Buffer[], chunk: Buffer): void {
  chunks.push(chunk)
  let bytes = chunks.reduce((sum, { length }) => sum + length, 0)
  while (bytes > MAX_OUTPUT_BYTES && chunks.length > 1) bytes -= chunks.shift()!.length
}
