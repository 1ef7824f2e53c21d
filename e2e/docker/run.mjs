// `node e2e/docker/run.mjs`: drives docker-compose.yml through a real Docker engine. One line a check, everything is gone
// afterwards, also after a failure or Ctrl+C. Exit code 0 when all checks passed.
import { provideBaseImage } from './base-image.mjs'
import { Checks } from './checks.mjs'
import { DemoProject, instance, numbers } from './demo-project.mjs'
import { provideEngine } from './engine.mjs'
import { until } from './shell.mjs'

const startMs = 180_000
const deliveryMs = 90_000

const say = (text) => process.stdout.write(`# ${text}\n`)
const now = () => Math.floor(Date.now() / 1000)
const directions = numbers.flatMap((from) => numbers.filter((to) => to !== from).map((to) => [from, to]))

const checks = new Checks()
const cleanUps = []

async function cleanUp() {
  for (const step of cleanUps.splice(0).reverse()) await step().catch((error) => say(`cleaning up: ${error.message}`))
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => cleanUp().finally(() => process.exit(code)))

async function delivered(project, pairs, since) {
  await Promise.all(
    pairs.map(([from, to]) =>
      until(`a message of ${instance(from)} at ${instance(to)}`, deliveryMs, () => project.heard(from, to, since)),
    ),
  )
}

/** Every platform has a row for each of the other two that says connected. */
async function allConnected(project) {
  for (const number of numbers) {
    await until(`${instance(number)} to be connected with both others`, deliveryMs, async () => {
      const rows = await project.status(number)
      const connected = rows.filter((row) => row.connected === true).map((row) => row.platform)
      if (connected.length === 2) return true
      throw new Error(JSON.stringify(rows))
    })
  }
}

async function seesAway(project, observer, away) {
  await until(`${instance(observer)} to notice that ${instance(away)} is away`, deliveryMs, async () => {
    const row = (await project.status(observer)).find(({ platform }) => platform === instance(away))
    return row?.connected === false
  })
}

async function killAndRestart(project) {
  const container = await project.container('volttron2')
  await project.docker('kill', container)
  await seesAway(project, 1, 2)
  const since = now()
  await project.docker('start', container)
  await project.healthy('volttron2', startMs)
  await delivered(project, directions, since)
}

async function cutAndHeal(project) {
  const container = await project.container('volttron3')
  const network = await project.network()
  await project.docker('network', 'disconnect', network, container)
  await seesAway(project, 1, 3)
  await project.docker('network', 'connect', '--alias', 'volttron3', network, container)
  await delivered(project, directions, now())
}

async function stopsInOrder(project) {
  await project.compose(['stop', '--timeout', '30'])
  for (const service of ['registry', ...numbers.map((number) => `volttron${number}`)]) {
    const code = await project.docker('inspect', '--format', '{{.State.ExitCode}}', await project.container(service))
    if (code !== '0') throw new Error(`${service} ended with ${code}, not 0, after SIGTERM`)
  }
}

async function runChecks(project) {
  const platforms = numbers.map((number) => `volttron${number}`)
  const agents = numbers.map((number) => `agent${number}`)
  const steps = [
    ['the image is built', () => project.compose(['build', 'registry'])],
    ['docker-compose up starts everything', () => project.compose(['up', '-d'])],
    [
      'registry and platforms are healthy, agents run',
      () => Promise.all(['registry', ...platforms, ...agents].map((service) => project.healthy(service, startMs))),
    ],
    [
      'no process runs as root',
      async () => {
        for (const service of ['registry', ...platforms, ...agents]) {
          const user = await project.docker('exec', await project.container(service), 'id', '-u')
          if (user === '0') throw new Error(`${service} runs as root`)
        }
      },
    ],
    ['messages arrive in all six directions', () => delivered(project, directions, 0)],
    ['vctl federation status shows all connected', () => allConnected(project)],
    ['the registry answers on this machine', () => project.registryLists(3)],
    ['a killed platform comes back and delivery resumes in all directions', () => killAndRestart(project)],
    ['a cut network heals and delivery resumes in all directions', () => cutAndHeal(project)],
    ['all platforms are connected again', () => allConnected(project)],
    ['everything stops in good order', () => stopsInOrder(project)],
    [
      'docker-compose down --volumes leaves nothing',
      async () => {
        await project.remove()
        const left = await project.remains()
        if (left !== '') throw new Error(`left behind: ${left}`)
      },
    ],
  ]
  for (const [name, body] of steps) {
    if (await checks.check(name, body)) continue
    process.stdout.write(`${(await project.logs()).replace(/^/gm, '    | ')}\n`)
    // What follows needs what failed, so it would only fail for the same reason.
    if (steps.findIndex(([other]) => other === name) < 3) return
  }
}

async function main() {
  let engine
  const ready = await checks.check('a Docker engine runs', async () => {
    engine = await provideEngine(say)
    cleanUps.push(engine.stop)
    await provideBaseImage(engine.env, say)
  })
  if (!ready) return
  const project = new DemoProject(engine)
  cleanUps.push(() => project.remove())
  await runChecks(project)
}

try {
  await main()
} finally {
  await cleanUp()
}
process.exit(checks.close())
