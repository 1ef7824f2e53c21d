/** Agents in folders of their own, as authors have them: to be installed by the platform and run as processes. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Connects, tells what it was told, and keeps what it is given. */
const GREETER = `
import { writeFileSync } from 'node:fs'
import { Agent } from '@volttron/agent'
const agent = new Agent()
agent.vip.rpc.export('environment', () => ({ ...process.env, cwd: process.cwd(), pid: process.pid }))
agent.vip.rpc.export('keep', (text) => writeFileSync('data/kept', text))
process.on('SIGINT', async () => {
  console.log('goodbye')
  await agent.stop()
  process.exit(0)
})
await agent.start()
console.log('hello, I am', agent.identity)
`

export interface FolderOptions {
  /** Text of the program; by default one that connects and says hello. */
  readonly program?: string
  readonly version?: string
  readonly manifest?: object
}

/** A Node.js agent. @returns its folder */
export function nodeAgent(parent: string, name: string, options: FolderOptions = {}): string {
  const { program = GREETER, version = '1.0.0', manifest = {} } = options
  return makeFolder(join(parent, name), {
    'package.json': JSON.stringify({
      name,
      version,
      type: 'module',
      main: 'src/main.js',
      dependencies: program.includes('@volttron/agent') ? { '@volttron/agent': '*' } : {},
      ...manifest,
    }),
    'src/main.js': program,
  })
}

/** Writes its process number, and goes on when it may. */
const WAITING = `
const { existsSync, renameSync, writeFileSync } = require('node:fs')
const [started, goOn] = process.argv.slice(2)
writeFileSync(started + '.new', String(process.pid))
renameSync(started + '.new', started)
const timer = setInterval(() => existsSync(goOn) && clearInterval(timer), 20)
`

/** A Node.js agent whose installation waits in the middle. */
export function slowAgent(parent: string, name: string): { folder: string; started: string; goOn: string } {
  const [started, goOn] = ['started', 'go-on'].map((what) => join(parent, `${name}-${what}`)) as [string, string]
  const folder = nodeAgent(parent, name, { manifest: { dependencies: { waiting: 'file:waiting' } } })
  const scripts = { install: `node wait.cjs '${started}' '${goOn}'` }
  makeFolder(join(folder, 'waiting'), {
    'package.json': JSON.stringify({ name: 'waiting', version: '1.0.0', scripts }),
    'wait.cjs': WAITING,
  })
  return { folder, started, goOn }
}

/** What `npm pack` makes of a folder, but for the name of the folder in it. @returns its path */
export function tarballOf(folder: string): string {
  const path = `${folder}-1.0.0.tgz`
  execFileSync('tar', ['-czf', path, '-C', dirname(folder), basename(folder)])
  return path
}

/** Writes its environment into its data, and waits for its end. */
const PYTHON_PROGRAM = `
import json, os, signal, sys, time

def main():
    with open("data/environment", "w") as file:
        json.dump(dict(os.environ, executable=sys.executable), file)
    print("ready")
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("interrupted")
`

/** Makes a wheel of the one module beside it: a package that is built without anything from the network. */
const BUILD_BACKEND = `
import base64, hashlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "pyquiet-0.3.dist-info/"
    files = {
        "pyquiet.py": open("pyquiet.py").read(),
        info + "METADATA": "Metadata-Version: 2.1\\nName: pyquiet\\nVersion: 0.3\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\npyquiet = pyquiet:main\\n",
    }
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    name = "pyquiet-0.3-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
`

/** A Python agent without requirements. @returns its folder */
export const pythonAgent = (parent: string): string =>
  makeFolder(join(parent, 'pyquiet'), {
    'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    'backend.py': BUILD_BACKEND,
    'pyquiet.py': PYTHON_PROGRAM,
  })

/** Python with all that makes virtual environments is on this machine. */
export const hasPython = (): boolean =>
  spawnSync('python3', ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))']).status === 0

/** A process of that number runs; one that only waits to be buried does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self/stat') || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function makeFolder(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return folder
}
