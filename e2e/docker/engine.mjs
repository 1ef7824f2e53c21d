// A Docker engine for the test: the one that runs already, else a private one, installed from Debian when it is missing.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, run, sleep, until } from './shell.mjs'

const startMs = 60_000

/** What `dockerd` is tried with, in this order: a sandbox may lack overlayfs or netfilter. */
const attempts = [[], ['--storage-driver=vfs'], ['--storage-driver=vfs', '--iptables=false', '--ip6tables=false']]

/** @returns `{ env, compose, stop }`: environment of docker commands, the words that start compose, and the way to end it */
export async function provideEngine(say) {
  const running = await run('docker', ['info', '--format', '{{.ServerVersion}}'])
  if (running.code === 0) {
    say(`using the Docker engine ${running.stdout.trim()} that runs here`)
    return { env: process.env, compose: await composeCommand(process.env), stop: async () => {} }
  }
  await install(say)
  return startPrivateEngine(say)
}

async function install(say) {
  const missing = []
  for (const [program, packageName] of [
    ['dockerd', 'docker.io'],
    ['docker-compose', 'docker-compose'],
    ['iptables', 'iptables'],
  ])
    if ((await run('which', [program])).code !== 0) missing.push(packageName)
  if (missing.length === 0) return
  await aptInstall(missing, say)
}

/** @throws Error unless we are root on a Debian */
export async function aptInstall(packages, say) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`${packages.join(', ')} missing. Install Docker and docker-compose, or run this as root on Debian.`)
  }
  say(`installing ${packages.join(', ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await must('apt-get', ['update', '-q'], { env })
  await must('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env })
}

async function composeCommand(env) {
  if ((await run('docker', ['compose', 'version'], { env })).code === 0) return ['docker', 'compose']
  if ((await run('docker-compose', ['version'], { env })).code === 0) return ['docker-compose']
  throw new Error('neither "docker compose" nor "docker-compose" is installed')
}

async function startPrivateEngine(say) {
  let log = ''
  for (const extra of attempts) {
    const folder = mkdtempSync(join(tmpdir(), 'volttron-dockerd-'))
    const env = { ...process.env, DOCKER_HOST: `unix://${folder}/docker.sock` }
    const logFile = openSync(join(folder, 'log'), 'a')
    const daemon = spawn(
      'dockerd',
      [
        ...['--host', env.DOCKER_HOST, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
        ...['--pidfile', join(folder, 'pid'), ...extra],
      ],
      // A group of its own: Ctrl+C is for us, who then end the engine in good order.
      { stdio: ['ignore', logFile, logFile], detached: true },
    )
    const stop = async () => {
      daemon.kill('SIGTERM')
      for (
        let waitedMs = 0;
        waitedMs < 30_000 && daemon.exitCode === null && daemon.signalCode === null;
        waitedMs += 100
      )
        await sleep(100)
      daemon.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
    try {
      await until('dockerd to answer', startMs, async () => {
        if (daemon.exitCode !== null) return 'ended'
        return (await run('docker', ['info'], { env })).code === 0
      })
      if (daemon.exitCode !== null) throw new Error(`dockerd ended with ${daemon.exitCode}`)
      say(`started a private Docker engine (dockerd ${extra.join(' ')})`.replace(' )', ')'))
      return { env: await buildEnvironment(env), compose: await composeCommand(env), stop }
    } catch (error) {
      log = `${error.message}\n${readFileSync(join(folder, 'log'), 'utf8').split('\n').slice(-15).join('\n')}`
      await stop()
    }
  }
  throw new Error(`dockerd does not start here: ${log}`)
}

/** Debian's client has no BuildKit plug-in; the Dockerfile needs none. */
async function buildEnvironment(env) {
  if ((await run('docker', ['buildx', 'version'], { env })).code === 0) return env
  return { ...env, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' }
}
