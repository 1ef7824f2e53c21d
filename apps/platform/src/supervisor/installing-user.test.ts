import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readInstallRequest } from './install-request.ts'
import { Installer } from './installer.ts'
import { LogFiles } from './log-files.ts'

const self = { uid: process.getuid!(), gid: process.getgid!() }
/** Only root can start anything as somebody else. */
const user = self.uid === 0 ? { uid: 65_534, gid: 65_534 } : self
/** Making a virtual environment takes a while on a small machine that is busy. */
const SLOW_MS = 120_000
/** A variable that is meant for the platform alone. */
const SECRET = 'VOLTTRON_TEST_SECRET'

let root: string
let agentsFolder: string
let installer: Installer

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'volttron-installing-'))
  chmodSync(root, 0o711)
  agentsFolder = join(root, 'agents')
  mkdirSync(agentsFolder)
  installer = new Installer({
    agentsFolder,
    stagingFolder: join(root, 'staging'),
    logs: new LogFiles(join(root, 'logs')),
    // As `npm run` starts a platform in a project whose packages run no scripts.
    environment: {
      ...process.env,
      [SECRET]: 'secret',
      npm_lifecycle_event: 'start',
      npm_config_ignore_scripts: 'true',
    },
    signal: new AbortController().signal,
    user,
    python: 'python3',
    ownPackage: () => undefined,
    installed: () => undefined,
  })
  await installer.prepare()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function put(name: string, text: string): string {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

async function install(source: string): Promise<void> {
  const request = readInstallRequest({ source })
  await installer.settle(await installer.stage(request), 'meter', request, async () => {})
}

/** Every path in a folder that is not ours. */
const notOurs = (folder: string) =>
  readdirSync(folder, { recursive: true }).filter((name) => lstatSync(join(folder, String(name))).uid !== self.uid)

/** A program that says who runs it, what it sees of the platform's environment, and where its home is. */
const tell = (place: string) =>
  `id -u > ${place}/told; echo "\${${SECRET}:-nothing}" >> ${place}/told; echo "$HOME" >> ${place}/told`
const told = (name: string) =>
  readFileSync(join(agentsFolder, 'meter', name, 'told'), 'utf8')
    .trim()
    .split('\n')

describe('what a package runs while it is installed', () => {
  it(
    'runs as the user of the agents under npm, sees no secret, and leaves everything to the platform',
    async () => {
      put('needy/main.js', '')
      put(
        'needy/inner/package.json',
        JSON.stringify({ name: 'inner', version: '1.0.0', scripts: { install: tell('.') } }),
      )
      const manifest = { name: 'needy', main: 'main.js', dependencies: { inner: 'file:inner' } }
      await install(dirname(put('needy/package.json', JSON.stringify(manifest))))
      const [uid, secret, home] = told('package/inner')
      expect([uid, secret]).toEqual([String(user.uid), 'nothing'])
      expect(home).toMatch(new RegExp(`^${root}/staging/.*/scratch$`))
      expect(notOurs(agentsFolder)).toEqual([])
      expect(JSON.parse(readFileSync(join(agentsFolder, 'meter/package/package.json'), 'utf8'))).toEqual(manifest)
      expect(readdirSync(join(root, 'staging'))).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'does not lead the platform out of its folder',
    async () => {
      put('evil/main.js', '')
      const victim = put('victim', '{}')
      // npm reads it, through the link.
      chmodSync(victim, 0o644)
      const script = `rm -f ../package.json && ln -s ${victim} ../package.json`
      put('evil/inner/package.json', JSON.stringify({ name: 'inner', version: '1.0.0', scripts: { install: script } }))
      const manifest = { name: 'evil', main: 'main.js', dependencies: { inner: 'file:inner' } }
      await install(dirname(put('evil/package.json', JSON.stringify(manifest))))
      expect(readFileSync(victim, 'utf8')).toBe('{}')
      expect(lstatSync(join(agentsFolder, 'meter/package/package.json')).isFile()).toBe(true)
    },
    SLOW_MS,
  )

  it(
    'runs as the user of the agents under pip as well, in a copy of the folder',
    async () => {
      const folder = dirname(put('pymeter/pyproject.toml', PYPROJECT))
      put('pymeter/backend.py', BACKEND)
      const installing = install(folder)
      if (!hasPython()) {
        await expect(installing).rejects.toThrow('a Python agent cannot be installed')
        return
      }
      await installing
      const site = readdirSync(join(agentsFolder, 'meter', 'venv', 'lib'))[0]
      const [uid, secret] = told(join('venv', 'lib', site!, 'site-packages'))
      expect([uid, secret]).toEqual([String(user.uid), 'None'])
      expect(notOurs(agentsFolder)).toEqual([])
      expect(readdirSync(folder).sort()).toEqual(['backend.py', 'pyproject.toml'])
    },
    SLOW_MS,
  )
})

const PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
/** Tells in the wheel it makes who has made it. */
const BACKEND = `
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "pymeter-1.0.dist-info/"
    files = {
        "told": f"{os.getuid()}\\n{os.environ.get('${SECRET}')}\\n",
        info + "METADATA": "Metadata-Version: 2.1\\nName: pymeter\\nVersion: 1.0\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\npymeter = pymeter:main\\n",
    }
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    open("built", "w").close()
    with zipfile.ZipFile(folder + "/pymeter-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return "pymeter-1.0-py3-none-any.whl"
`

/** Python with all that makes virtual environments is there for the user. */
const hasPython = (): boolean =>
  spawnSync('python3', ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], {
    cwd: '/',
    ...user,
  }).status === 0
