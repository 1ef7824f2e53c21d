/** A platform of Python VOLTTRON with federation, and its registry: the programs from PyPI as they are. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileCredentialStore } from '@volttron/auth'
import { eventually } from '@volttron/testkit'
import { launcher } from '../../../scripts/peers/python.mjs'
import { freePort, type Operator, PATIENCE_MS, type Stage, type StatusRow } from '../../test/support/stage.ts'
import { pythonEnvironment, pythonProgram } from './python-program.ts'

const LOOPBACK = '127.0.0.1'
const PATCHES = fileURLToPath(new URL('../python/patches', import.meta.url))
/** Of a Python program, for what its gevent does first. */
const START_MS = 90_000
/** A Python platform looks for others at its start, and then every 30 s. */
export const DISCOVERY_MS = 90_000
/** How the thread ends that reads federation_config.json whenever it changes. */
const WATCHER_HAS_ENDED = /process_federation_config\n[\s\S]*JSONDecodeError/

export interface PythonPlatformOptions {
  readonly registry: { readonly url: string; readonly password: string }
  /** Agents whose keys are there before the first start, the only time they are read. */
  readonly agents?: readonly string[]
  readonly address?: string
  /** What is mended in it; see python/patches. Absent: as released. */
  readonly patches?: readonly ('joined-contexts' | 'key-answers' | 'changed-platforms')[]
}

export class PythonPlatform {
  readonly name: string
  readonly home: string
  readonly address: string
  readonly #stage: Stage
  readonly #options: PythonPlatformOptions
  #child: ChildProcess | undefined
  /** Where in the log the present run begins. */
  #runStart = 0

  private constructor(stage: Stage, name: string, address: string, options: PythonPlatformOptions) {
    this.#stage = stage
    this.name = name
    this.address = address
    this.home = stage.programs.makeFolder(name)
    this.#options = options
    stage.defer(() => this.kill())
  }

  /** A home as an installation makes it; nothing runs yet. */
  static async prepare(stage: Stage, name: string, options: PythonPlatformOptions): Promise<PythonPlatform> {
    const address = options.address ?? `tcp://${LOOPBACK}:${await freePort()}`
    const platform = new PythonPlatform(stage, name, address, options)
    const { home } = platform
    const lines = {
      'instance-name': name,
      address,
      messagebus: 'zmq',
      'auth-enabled': 'True',
      'enable-federation': 'True',
      'enable-federation-cache': 'False',
      'federation-url': options.registry.url,
    }
    const text = Object.entries(lines).map(([key, value]) => `${key} = ${value}\n`)
    writeFileSync(join(home, 'config'), `[volttron]\n${text.join('')}`)
    writeFileSync(join(home, 'platform-lookup.key'), options.registry.password, { mode: 0o600 })
    // Without such a file, and `--dev`, it would spend minutes on making a Poetry project of its environment.
    writeFileSync(join(home, 'pyproject.toml'), '[tool.poetry]\nname = "interop"\nversion = "0"\n')
    mkdirSync(join(home, 'run'), { recursive: true })
    // Where the other helpers of the tests look for the addresses of a platform.
    writeFileSync(join(home, 'run', 'addresses.json'), JSON.stringify({ addresses: [address] }))
    const store = new FileCredentialStore(join(home, 'credentials_store'))
    await store.prepare()
    for (const identity of ['platform', ...(options.agents ?? [])]) await store.create(identity)
    return platform
  }

  static async start(stage: Stage, name: string, options: PythonPlatformOptions): Promise<PythonPlatform> {
    const platform = await PythonPlatform.prepare(stage, name, options)
    await platform.start()
    return platform
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const pidFile = join(this.home, 'VOLTTRON_PID')
    rmSync(pidFile, { force: true })
    this.#runStart = this.log().length
    const log = openSync(this.#logPath, 'a')
    const { patches } = this.#options
    this.#child = spawn(pythonProgram(), [launcher, 'volttron', '--dev', '-v'], {
      cwd: this.home,
      env: {
        ...pythonEnvironment(this.home),
        ...(patches && { PYTHONPATH: PATCHES, VOLTTRON_INTEROP_PATCHES: patches.join() }),
      },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    await eventually(() => this.#isOver || existsSync(pidFile), { timeoutMs: START_MS, what: `${this.name} is ready` })
    if (this.#isOver) throw new Error(`${this.name} has ended: ${this.log().slice(-3_000)}`)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && !this.#isOver
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }

  log(): string {
    return existsSync(this.#logPath) ? readFileSync(this.#logPath, 'utf8') : ''
  }

  /**
   * Its row in the status of ours, as soon as it is as wanted; connected in both directions unless told otherwise. As
   * released it reads its own list of platforms half written now and then while it starts, and then connects to nobody
   * for as long as it runs: it is started again, which is all that an operator can do.
   */
  async federated(operator: Operator, isSo: (row: StatusRow) => boolean = isLinked): Promise<StatusRow> {
    let last: unknown
    try {
      return await eventually(
        async () => {
          if (WATCHER_HAS_ENDED.test(this.log().slice(this.#runStart))) {
            await this.kill()
            await this.start()
          }
          const { platforms } = await operator.federation()
          last = platforms
          return platforms.find((row) => row.platform === this.name && isSo(row))
        },
        { timeoutMs: DISCOVERY_MS },
      )
    } catch (cause) {
      const state = `${JSON.stringify(last, null, 1)}; its log ends: ${this.log().slice(-5_000)}`
      throw new Error(`the row of ${this.name} is not as wanted: ${state}`, { cause })
    }
  }

  /** The platforms it knows, by name. */
  knownPlatforms(): string[] {
    try {
      const { platforms } = JSON.parse(readFileSync(join(this.home, 'federation_config.json'), 'utf8'))
      return platforms.map(({ id }: { id: string }) => id)
    } catch {
      // Not there yet, or just being written.
      return []
    }
  }

  get #logPath(): string {
    return join(this.#stage.programs.folder, `${this.name}.log`)
  }

  get #isOver(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

const isLinked = ({ connected, reason }: StatusRow): boolean => connected && reason === null

/** `volttron-platform-lookup` of the Python project. */
export async function startPythonRegistry(stage: Stage): Promise<{ readonly url: string; readonly password: string }> {
  const folder = stage.programs.makeFolder('python-registry')
  const port = await freePort()
  const log = openSync(join(folder, 'log'), 'a')
  const serve = ['-m', 'uvicorn', 'platform_lookup.app:app', '--host', LOOPBACK, '--port', String(port)]
  const child = spawn(pythonProgram(), serve, {
    cwd: folder,
    env: pythonEnvironment(folder),
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise((resolve) => child.once('close', resolve))
  stage.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const passwordFile = join(folder, 'registration.key')
  await eventually(async () => (await accepts(port)) && existsSync(passwordFile), {
    timeoutMs: PATIENCE_MS,
    what: 'the registry of Python is ready',
  })
  return { url: `http://${LOOPBACK}:${port}`, password: readFileSync(passwordFile, 'utf8') }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
