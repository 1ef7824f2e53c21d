// Python VOLTTRON from PyPI, in a virtual environment of its own.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from './cache.mjs'
import { programPath, run } from './run.mjs'

/** The newest releases that work together. Pre-releases are only taken when named exactly. */
const PACKAGES = [
  'volttron-core==2.0.0rc38',
  'volttron-lib-zmq==2.0.0rc11',
  'volttron-lib-auth==2.0.0rc13',
  'volttron-platform-lookup==0.1.0rc2',
  // Imported by the federation of volttron-lib-zmq, which does not say so.
  'httpx==0.28.1',
  // Agents that the interoperability suite runs as they are.
  'volttron-listener==2.0.0rc3',
  'volttron-sqlite-historian==2.0.0rc5',
  'volttron-threshold-detection==2.0.0rc0',
]
/** The versions that their gevent has binary packages for; the newest first. */
const PYTHONS = ['python3.12', 'python3.11', 'python3.10']
const OLDEST_MINOR = 10
const NEWEST_MINOR = 12

/** Runs `volttron` and `vctl` of the environment, as root too: `launch.py volttron|vctl <arguments>`. */
export const launcher = fileURLToPath(new URL('./launch.py', import.meta.url))

const folder = join(cacheFolder, 'python')
/** Written when all is installed, so that an interrupted installation does not count. */
const record = join(folder, 'installed.txt')

/** The interpreter of the environment; undefined when it is not there, or was made for other versions. */
export function program() {
  const python = join(folder, 'bin', 'python')
  if (!existsSync(python) || !existsSync(record)) return undefined
  return readFileSync(record, 'utf8') === wanted ? python : undefined
}

export const isInstalled = () => program() !== undefined

export async function install(say) {
  const python = await suitablePython()
  rmSync(folder, { recursive: true, force: true })
  try {
    await run(python, ['-m', 'venv', folder])
  } catch (error) {
    throw new Error(`${python} cannot make a virtual environment (on Debian: install python3-venv): ${error.message}`)
  }
  say(`python: ${PACKAGES.join(', ')}`)
  await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...PACKAGES])
  writeFileSync(record, wanted)
}

const wanted = `${PACKAGES.join('\n')}\n`

/** @throws Error saying which versions would do */
async function suitablePython() {
  const range = `Python 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}`
  const inRange = `import sys; sys.exit(not (3, ${OLDEST_MINOR}) <= sys.version_info[:2] <= (3, ${NEWEST_MINOR}))`
  let found = false
  for (const name of ['python3', ...PYTHONS]) {
    const path = programPath(name)
    if (path === undefined) continue
    found = true
    const fits = await run(path, ['-c', inRange]).then(
      () => true,
      () => false,
    )
    if (fits) return path
  }
  throw new Error(found ? `no python3 here is ${range}` : `python3 is missing: install ${range} with its venv module`)
}
