// Child processes: run one to its end, keep what it printed.
import { spawn } from 'node:child_process'

/**
 * Runs a program without a shell. Resolves to `{ code, stdout, stderr, text }`; never rejects.
 *
 * @param options as in `spawn`, and `show`: pass the output on as it comes; `input`: a stream for its standard input;
 *   `limitMs`: kill it then, default 5 minutes
 */
export function run(program, args, { show = false, input, limitMs = 300_000, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text
        if (show) process.stdout.write(text)
      })
    }
    if (input) input.pipe(child.stdin).on('error', () => {})
    const end = (code, note) => {
      clearTimeout(timer)
      resolve({ ...output, code, text: `${output.stdout}${output.stderr}${note}`.trim() })
    }
    child.on('error', (error) => end(127, error.message))
    child.on('close', (code, signal) => end(code ?? 1, signal ? `\n${program} was ended by ${signal}` : ''))
  })
}

/** As {@link run}. @throws Error with the last lines it printed, when it fails; @returns its standard output */
export async function must(program, args, options) {
  const { code, stdout, text } = await run(program, args, options)
  if (code === 0) return stdout.trim()
  throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${text.split('\n').slice(-30).join('\n')}`)
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Polls until `look` gives something true, and returns it. @throws Error with what it last complained of */
export async function until(what, deadlineMs, look) {
  const end = Date.now() + deadlineMs
  let complaint = ''
  while (Date.now() < end) {
    try {
      const found = await look()
      if (found) return found
    } catch (error) {
      complaint = `: ${error.message}`
    }
    await sleep(500)
  }
  throw new Error(`waited ${deadlineMs / 1000} s in vain for ${what}${complaint}`)
}
