// `npm run demo`: a registry and three platforms as real processes on this machine, an agent on each, messages in all
// directions; one platform is killed and comes back. Everything is gone afterwards, whatever happens.
import { existsSync } from 'node:fs'
import { Programs } from '@volttron/testkit'
import { isExchanging, Site } from './demo/site.mjs'
import { Story } from './demo/story.mjs'
import { within } from './demo/until.mjs'

const NAMES = ['site-a', 'site-b', 'site-c']
const REGISTRY = 'registry'
const LAST_WORD_MS = 120_000

const story = new Story(process.stdout)
const programs = new Programs()
let sites = []

/** Every site knows what every other one wants, and the other way round. */
async function everybodyConnected() {
  await Promise.all(
    sites.flatMap((site) =>
      others(site).map((other) => site.rowOf(other.name, 'connected and subscribed', isExchanging)),
    ),
  )
}

const others = (site) => sites.filter((other) => other !== site)

/** Each of `publishers` greets; prints what each of `receivers` got, from whom and after how long. */
async function exchangeGreetings(round, publishers, receivers) {
  for (const site of publishers) await site.greet(round)
  const names = publishers.map(({ name }) => name)
  const rows = [['received by', 'published by', 'topic', 'header "platform"', 'after']]
  for (const site of receivers) {
    const greetings = await site.greetings(round, names)
    if (greetings.length !== names.length)
      throw new Error(`${site.name} received ${greetings.length} greetings instead of ${names.length}`)
    for (const { sender, topic, platform, message, tookMs } of greetings) {
      const isRight = message.from === site.name ? platform === undefined : platform === message.from
      if (!isRight) throw new Error(`${site.name}: the header "platform" is ${platform}, sent by ${message.from}`)
      rows.push([site.name, `${sender} on ${message.from}`, topic, platform ?? '- (local)', `${tookMs.toFixed(1)} ms`])
    }
  }
  story.table(rows)
}

async function showStatus(site) {
  story.dim('$ vctl federation status')
  story.line((await site.vctl('federation', 'status')).trimEnd())
}

async function tell() {
  story.step('Start a registry')
  const { url } = await programs.startRegistry()
  story.good(`volttron-platform-lookup serves ${url}`)

  story.step('Start three platforms, which register and find each other')
  sites = NAMES.map((name) => new Site(name, programs, url))
  await Promise.all(sites.map((site) => site.startPlatform()))
  for (const { name } of sites) story.good(`volttron --instance-name ${name} --enable-federation`)

  story.step('Connect an agent to each, subscribed to demo/ on all platforms')
  await Promise.all(sites.map((site) => site.startAgent()))
  await everybodyConnected()
  story.good('every platform knows what the other two want')

  story.step('Publish once from each site')
  await exchangeGreetings(1, sites, sites)

  story.step('What an operator of site-a sees')
  const [first, , last] = sites
  await showStatus(first)

  story.step(`Kill ${last.name} (SIGKILL)`)
  const killedAt = performance.now()
  await last.killPlatform()
  const down = await first.rowOf(last.name, 'as down', (row) => !row.connected && row.reason)
  story.good(`${first.name} shows after ${since(killedAt)}: ${last.name} ${down.status}, ${down.reason}`)
  await showStatus(first)
  await exchangeGreetings(2, [first], [first, sites[1]])
  story.good('the other two go on')

  story.step(`Start ${last.name} again, on another port`)
  const restartedAt = performance.now()
  await last.startPlatform()
  await everybodyConnected()
  story.good(`connected and subscribed again ${since(restartedAt)} after its start; nobody touched the agents`)
  await exchangeGreetings(3, sites, sites)

  story.step('Stop everything')
  await Promise.all(sites.map((site) => site.stopAgent()))
  await within('stopping everything', programs.stopAll())
  story.good('three platforms and the registry have ended by themselves')
}

const since = (at) => `${((performance.now() - at) / 1000).toFixed(1)} s`

/** The logs of those the message names, or of all. */
function printLogs(message) {
  const all = [REGISTRY, ...NAMES]
  const named = all.filter((name) => message.includes(name))
  for (const name of named.length > 0 ? named : all) {
    story.line(`\nlast lines of the log of ${name}:`)
    story.dim(programs.tail(name))
  }
}

/** @returns true when nothing is left */
async function cleanUp() {
  await programs.cleanUp()
  const isClean = !existsSync(programs.folder)
  if (!isClean) story.fail(`left behind: ${programs.folder}`)
  return isClean
}

async function main() {
  let isInterrupted = false
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.on(signal, async () => {
      // A second one must not cut the cleaning up short.
      if (isInterrupted) return
      isInterrupted = true
      await cleanUp()
      process.exit(code)
    })
  }
  try {
    await within('the demo', tell(), LAST_WORD_MS)
    const isClean = await cleanUp()
    if (isClean) story.end(`Done in ${story.seconds} s. No process and no file is left behind.`)
    process.exit(isClean ? 0 : 1)
  } catch (error) {
    // What was interrupted fails; that is no news.
    if (isInterrupted) return
    story.fail(error.message)
    printLogs(error.message)
    await cleanUp()
    process.exit(1)
  }
}

await main()
