// The project of docker-compose.yml, seen from outside: its containers, their health, logs and network.
import { fileURLToPath } from 'node:url'
import { must, run, until } from './shell.mjs'

export const numbers = [1, 2, 3]
export const instance = (number) => `volttron-instance-${number}`

const root = fileURLToPath(new URL('../..', import.meta.url))

export class DemoProject {
  #name = `volttron-e2e-${process.pid}`
  #env
  #compose

  /** @param engine as from `provideEngine` */
  constructor({ env, compose }) {
    // Any free port of this machine, so that the test meets no other.
    this.#env = { ...env, REGISTRY_PORT: '0', VOLTTRON1_PORT: '0', VOLTTRON2_PORT: '0', VOLTTRON3_PORT: '0' }
    this.#compose = compose
  }

  docker(...args) {
    return must('docker', args, { env: this.#env })
  }

  compose(args, options) {
    const [program, ...words] = [...this.#compose, '--project-name', this.#name, ...args]
    return must(program, words, { cwd: root, env: this.#env, limitMs: 900_000, ...options })
  }

  /** Selects what belongs to the project. */
  get #mine() {
    return ['--filter', `label=com.docker.compose.project=${this.#name}`]
  }

  /** Identifier of a service's container, running or not. */
  async container(service) {
    const id = await this.docker('ps', '-aq', ...this.#mine, '--filter', `label=com.docker.compose.service=${service}`)
    if (id === '') throw new Error(`there is no container of ${service}`)
    return id
  }

  network() {
    return this.docker('network', 'ls', '-q', ...this.#mine)
  }

  /** Asks the registry from this machine, through the published port. @throws Error unless it lists so many platforms */
  async registryLists(count) {
    const published = await this.docker('port', await this.container('registry'), '8000/tcp')
    const response = await fetch(`http://${published.split('\n')[0]}/platforms`, {
      signal: AbortSignal.timeout(10_000),
    })
    const platforms = await response.json()
    if (platforms.length !== count) throw new Error(JSON.stringify(platforms))
  }

  async healthy(service, deadlineMs) {
    await until(`${service} to be healthy`, deadlineMs, async () => {
      const state = JSON.parse(
        await this.docker('inspect', '--format', '{{json .State}}', await this.container(service)),
      )
      if (state.Health.Status === 'healthy') return true
      throw new Error(`it is ${state.Status}, ${state.Health.Status}: ${state.Health.Log?.at(-1)?.Output.trim() ?? ''}`)
    })
  }

  /** Whether the agent on platform `to` has printed a message of platform `from` since `time` (Unix seconds). */
  async heard(from, to, time) {
    const text = await this.docker('logs', '--since', String(time), await this.container(`agent${to}`))
    return text.split('\n').some((line) => line.includes(`platform ${instance(from)}:`))
  }

  /** Rows of `vctl federation status --json` inside a platform's container. */
  async status(number) {
    return JSON.parse(
      await this.docker('exec', await this.container(`volttron${number}`), 'vctl', 'federation', 'status', '--json'),
    )
  }

  /** The last words of every service, for a failed check. */
  async logs() {
    const [program, ...words] = [...this.#compose, '--project-name', this.#name, 'logs', '--no-color', '--tail=40']
    return (await run(program, words, { cwd: root, env: this.#env })).text
  }

  async remove() {
    await this.compose(['down', '--volumes', '--remove-orphans', '--timeout', '20'])
  }

  /** What is left of the project, one name a line. */
  async remains() {
    const found = [
      await this.docker('ps', '-aq', ...this.#mine),
      await this.docker('network', 'ls', '-q', ...this.#mine),
      await this.docker('volume', 'ls', '-q', ...this.#mine),
    ]
    return found.join('\n').trim()
  }
}
