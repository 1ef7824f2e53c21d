// One site of the demo: a platform process, an agent on it, and the operator's `vctl`.
import { Agent } from '@volttron/agent'
import { until, within } from './until.mjs'

const AGENT = 'greeter'
const PREFIX = 'demo/'

export class Site {
  /** Messages the agent has received, in order. */
  received = []
  #programs
  #registryUrl
  #agent
  #platform

  constructor(name, programs, registryUrl) {
    this.name = name
    this.home = programs.makeFolder(name)
    this.#programs = programs
    this.#registryUrl = registryUrl
  }

  /** Starts the platform and waits until it says that it is ready. */
  async startPlatform() {
    // Port 0: any free one. After a restart it is another one, as if the site had moved.
    const address = ['--address', 'tcp://127.0.0.1:0']
    const federation = ['--enable-federation', '--federation-url', this.#registryUrl]
    this.#platform = await this.#programs.startPlatform(this.name, [
      ...address,
      ...federation,
      '--log-format',
      'pretty',
    ])
  }

  /** Ends the platform without a chance to say goodbye. */
  async killPlatform() {
    this.#platform.child.kill('SIGKILL')
    await this.#platform.ended
  }

  /** Makes a key for the agent, connects it and subscribes on every platform. */
  async startAgent() {
    await this.vctl('auth', 'add', AGENT)
    this.#agent = new Agent({ identity: AGENT, volttronHome: this.home })
    await this.#agent.start()
    await this.#agent.vip.pubsub.subscribe({
      peer: 'pubsub',
      prefix: PREFIX,
      allPlatforms: true,
      callback: (_peer, sender, _bus, topic, headers, message) =>
        this.received.push({
          sender,
          topic,
          platform: headers.platform,
          message,
          tookMs: performance.now() - message.sent,
        }),
    })
  }

  async stopAgent() {
    await this.#agent?.stop()
  }

  /** Publishes one greeting; the time of sending travels in it. */
  async greet(round) {
    const message = { from: this.name, round, sent: performance.now() }
    await this.#agent.vip.pubsub.publish({ peer: 'pubsub', topic: `${PREFIX}greeting`, message })
  }

  /** The greetings of one round, once there is one from each of `names`. */
  async greetings(round, names) {
    const ofRound = () => this.received.filter(({ message }) => message.round === round)
    const missing = () => names.filter((name) => !ofRound().some(({ message }) => message.from === name))
    await until(`greetings at ${this.name} from ${names.join(', ')}`, () => missing().length === 0)
    return ofRound().sort((a, b) => a.message.from.localeCompare(b.message.from))
  }

  /** What `vctl` prints when it is run on this site. @throws Error with what it wrote to standard error */
  async vctl(...words) {
    const command = `vctl ${words.join(' ')}`
    const { code, stdout, stderr } = await within(command, this.#programs.vctl(this.home, ...words))
    if (code !== 0) throw new Error(`"${command}" ended with exit code ${code}\n${stderr}`.trim())
    return stdout
  }

  /** The row of another platform in the federation status, once it is as wanted. */
  async rowOf(platform, what, isAsWanted) {
    return await until(`${this.name} to see ${platform} ${what}`, async () => {
      // While the platform restarts, its agent has nobody to ask.
      const status = await this.#agent.vip.rpc.call('platform.federation', 'status').catch(() => ({ platforms: [] }))
      return status.platforms.find((row) => row.platform === platform && isAsWanted(row))
    })
  }
}

/** Both sides know what the other one wants. */
export const isExchanging = (row) => row.connected && row.interest_in > 0 && row.interest_out > 0
