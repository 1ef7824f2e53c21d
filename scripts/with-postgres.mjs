/**
 * Runs a command with a private PostgreSQL server: `node scripts/with-postgres.mjs npm run test:postgres -w apps/registry`.
 *
 * The server lives in a temporary folder, listens on a free port of loopback with a random password, and is gone with its
 * folder when the command ends. The command finds it in VOLTTRON_TEST_POSTGRES_URL. PostgreSQL refuses to run as root, so
 * root runs it as the user `postgres` (or `nobody`).
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'
const START_DEADLINE_MS = 60_000

function fail(text) {
  process.stderr.write(`with-postgres: ${text}\n`)
  process.exit(69)
}

/** The folder that holds initdb and postgres: Debian keeps them out of the PATH. */
function binaries() {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return folders.find(
    (folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

/** Whom the server runs as: ourselves, or for root somebody without rights. */
function serverUser() {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const id = (flag) => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout)
    const [uid, gid] = [id('-u'), id('-g')]
    if (uid > 0) return { uid, gid }
  }
  return fail('PostgreSQL refuses to run as root, and there is no user postgres or nobody')
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function waitUntilReady(folder, server, output) {
  return new Promise((resolve, reject) => {
    const ended = Date.now() + START_DEADLINE_MS
    const look = () => {
      // The last line of the pid file is the server's state.
      const file = join(folder, 'data', 'postmaster.pid')
      if (existsSync(file) && readFileSync(file, 'utf8').trimEnd().endsWith('ready')) resolve()
      else if (server.exitCode !== null || Date.now() > ended) reject(new Error(output()))
      else setTimeout(look, 50)
    }
    look()
  })
}

const [command, ...args] = process.argv.slice(2)
if (command === undefined) fail('usage: node scripts/with-postgres.mjs COMMAND [ARGUMENT...]')
const bin = binaries()
if (bin === undefined) fail('PostgreSQL is not installed (Debian: apt-get install postgresql)')

const user = serverUser()
const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
const password = randomBytes(16).toString('hex')
mkdirSync(join(folder, 'data'), { mode: 0o700 })
writeFileSync(join(folder, 'password'), password, { mode: 0o600 })
if (user.uid !== undefined)
  for (const path of ['', 'data', 'password']) chownSync(join(folder, path), user.uid, user.gid)

let server
let exitCode = 70
try {
  const options = [
    '-D',
    join(folder, 'data'),
    '-U',
    'test',
    '-A',
    'scram-sha-256',
    '--pwfile',
    join(folder, 'password'),
  ]
  execFileSync(join(bin, 'initdb'), [...options, '--encoding=UTF8', '--locale=C', '--no-sync'], {
    ...user,
    cwd: folder,
    stdio: 'pipe',
  })
  const port = await freePort()
  const settings = ['-h', '127.0.0.1', '-p', String(port), '-k', folder, '-c', 'fsync=off']
  server = spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), ...settings], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (log = (log + chunk).slice(-4000)))
  await waitUntilReady(folder, server, () => log)
  const url = `postgresql://test:${password}@127.0.0.1:${port}/postgres`
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, VOLTTRON_TEST_POSTGRES_URL: url } })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const [code] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ])
  exitCode = code ?? 70
} catch (error) {
  process.stderr.write(`with-postgres: ${error.message}\n`)
} finally {
  if (server !== undefined && server.exitCode === null) {
    const closed = once(server, 'close')
    server.kill('SIGINT') // fast shutdown: cuts clients
    await closed
  }
  rmSync(folder, { recursive: true, force: true })
}
process.exit(exitCode)
