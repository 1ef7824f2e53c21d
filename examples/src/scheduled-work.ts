/**
 * Work at times: every so often, at times of day, once. Ends by itself after three rounds.
 *
 *     vctl auth add clock
 *     node examples/dist/scheduled-work.js
 */
import { Agent, agentEnvironment, type JobRun, runAgent } from '@volttron/agent'

const agent = await runAgent(Agent, { identity: agentEnvironment().identity ?? 'clock' })
agent.on('error', (error) => console.log(`a job failed: ${error.message}`))

let rounds = 0
// From start to start 100 ms, up to 20 ms late at random; never two at a time.
const every = agent.schedule.every(
  100,
  async ({ signal }: JobRun) => {
    console.log(`round ${++rounds}`)
    // Give the signal to what takes long: it aborts when the agent stops.
    await agent.vip.rpc.callWith('platform.control', 'inspect', { signal }).catch(() => {})
    if (rounds === 3) every.cancel()
  },
  { waitMs: 50, jitterMs: 20 },
)

// Minutes, hours, days, months, weekdays; a sixth field in front would be seconds.
const daily = agent.schedule.cron('0 6 * * mon-fri', () => console.log('good morning'), { timezone: 'Europe/Berlin' })
console.log(`the next good morning is in ${daily.nextRunAt!.getTime() > Date.now() ? 'the future' : 'the past'}`)

// What fails is reported and ends nothing.
agent.schedule.at(new Date(Date.now() + 100), () => {
  throw new Error('nobody is at home')
})
agent.schedule.at(new Date(Date.now() + 1_000), () => agent.stop())
