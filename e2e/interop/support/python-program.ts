/** The programs of Python VOLTTRON: the interpreter of its environment, `vctl`, agents that run as they were installed. */
import { execFile } from 'node:child_process'
import { launcher, program } from '../../../scripts/peers/python.mjs'

/** @throws Error saying how to get it */
export function pythonProgram(): string {
  const path = program()
  if (path === undefined) throw new Error('Python VOLTTRON is not installed: scripts/install-peers python')
  return path
}

/** Without settings of the user's own platform; what VOLTTRON keeps in the user's home stays in the platform's. */
export function pythonEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VOLTTRON|AGENT|PYTHON|XDG)_?/.test(name))
  return { ...Object.fromEntries(kept), HOME: home, VOLTTRON_HOME: home, PYTHONDONTWRITEBYTECODE: '1' }
}

export interface ProgramOutput {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Python's own `vctl` on the platform of this home, run to its end. */
export function pythonVctl(home: string, ...words: string[]): Promise<ProgramOutput> {
  const options = { env: pythonEnvironment(home), cwd: home }
  return new Promise((resolve) => {
    execFile(pythonProgram(), [launcher, 'vctl', ...words], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
