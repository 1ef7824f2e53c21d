// `npm run setup`: installs and builds what is missing, and nothing else. Safe to run at any time; one line a step.
// Plain Node without dependencies, in a syntax that old versions parse, so that they too can say what is wrong.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const oldestNode = [20, 19]
const stillAliveMs = 15000

function say(text) {
  process.stdout.write(`setup: ${text}\n`)
}

function fail(text) {
  process.stderr.write(`setup: ${text}\n`)
  process.exit(1)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    fail(
      `Node ${oldestNode.join('.')} or newer is needed, this is ${process.versions.node}. Install Node 20 or a newer LTS version.`,
    )
  }
}

/**
 * What differs between package-lock.json and npm's own record of what is installed; undefined when nothing does.
 * The contents are compared, not the times of the files: a checkout gives old text a new time.
 */
function staleness() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return 'nothing is installed yet'
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  for (const path of Object.keys(wanted)) {
    if (!path.includes('node_modules/')) continue
    const { version, link, optional, devOptional, peer } = wanted[path]
    const found = installed[path]
    // An optional package is absent where it does not fit the machine.
    if (found === undefined && (optional || devOptional || peer)) continue
    if (found === undefined) return `${path.split('node_modules/').pop()} is not installed`
    if (!link && found.version !== version)
      return `${path.split('node_modules/').pop()} is ${found.version}, not ${version}`
  }
  return undefined
}

/** Runs a child to its end. Its output is passed on, or kept and shown only if it fails; resolves to its exit code. */
function finish(child, step) {
  const startedAt = Date.now()
  const output = []
  for (const stream of [child.stdout, child.stderr]) if (stream) stream.on('data', (chunk) => output.push(chunk))
  const timer = setInterval(() => say(`still ${step} (${Math.round((Date.now() - startedAt) / 1000)} s)`), stillAliveMs)
  return new Promise((resolve) => {
    const end = (code, text) => {
      clearInterval(timer)
      if (code !== 0) process.stderr.write(`${Buffer.concat(output)}${text}`)
      resolve({ code, seconds: ((Date.now() - startedAt) / 1000).toFixed(1), output: Buffer.concat(output).toString() })
    }
    child.on('error', (error) => end(1, `${error.message}\n`))
    child.on('close', (code) => end(code === null ? 1 : code, ''))
  })
}

/** The npm that started us, so that `npm run setup` installs with the same version; else the one in the PATH. */
function spawnNpm(args) {
  const options = { cwd: root, stdio: 'inherit' }
  const cli = process.env.npm_execpath
  if (cli && /npm-cli\.c?js$/.test(cli)) return spawn(process.execPath, [cli, ...args], options)
  return spawn('npm', args, { ...options, shell: process.platform === 'win32' })
}

async function install() {
  const reason = staleness()
  if (reason === undefined) return say('packages are installed')
  say(`installing packages with npm ci (${reason})`)
  const { code, seconds } = await finish(
    spawnNpm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']),
    'installing',
  )
  if (code !== 0)
    fail(`npm ci failed with exit code ${code}; its message is above. Check the network and run "npm run setup" again.`)
  say(`installed in ${seconds} s`)
}

/** The native parts come ready-made inside their packages; say so at once if there is none for this machine. */
async function checkNativeParts() {
  for (const name of ['zeromq', '@libsql/client', '@swc/core']) {
    const load = `import(${JSON.stringify(name)}).then(() => process.exit(0))`
    const options = {
      cwd: join(root, name === 'zeromq' ? 'packages/transport' : '.'),
      stdio: ['ignore', 'pipe', 'pipe'],
    }
    const { code } = await finish(spawn(process.execPath, ['-e', load], options), `loading ${name}`)
    if (code !== 0)
      fail(`${name} has no ready-made binary for ${process.platform} ${process.arch}; the reason is above.`)
  }
}

async function build() {
  const { spawnTurbo } = await import('./turbo.mjs')
  say('building')
  const child = spawnTurbo(['run', 'build', '--output-logs=errors-only'], ['ignore', 'pipe', 'pipe'])
  const { code, seconds, output } = await finish(child, 'building')
  if (code !== 0) fail('the build failed; the messages are above.')
  const cached = /Cached:\s+(\d+) cached, (\d+) total/.exec(output)
  say(`built in ${seconds} s${cached ? ` (${cached[1]} of ${cached[2]} steps were up to date)` : ''}`)
}

async function setup() {
  checkNode()
  const fresh = staleness() !== undefined
  await install()
  if (fresh) await checkNativeParts()
  await build()
}

setup().catch((error) => fail(error.stack))
