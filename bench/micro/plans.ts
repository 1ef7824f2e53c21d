/** The cache of delivery plans: a record of a known topic, a new topic, and a topic after some subscription changed. */
import { type PlannedTopic, Plans, RemoteInterest, SubscriptionTable } from '@volttron/pubsub'
import { type Subject, subject } from './subject.ts'

const TOPICS = 1_000
const SUBSCRIBERS = 100

interface Reader {
  readonly name: string
}

export function planSubjects(): Subject[] {
  const subscriptions = new SubscriptionTable<Reader>()
  const remoteInterest = new RemoteInterest<Reader>()
  const plans = new Plans<Reader, Reader, undefined>(subscriptions, remoteInterest, () => undefined)
  for (let each = 0; each < SUBSCRIBERS; each++) {
    subscriptions.subscribe({ name: `agent-${each}` }, [`devices/building-${each}`], { allPlatforms: true })
  }
  for (let each = 0; each < 10; each++) remoteInterest.replace({ name: `site-${each}` }, [`devices/building-${each}`])
  const names = Array.from({ length: TOPICS }, (_, each) => `devices/building-${each % SUBSCRIBERS}/point-${each}`)
  const newTopic = (name: string): PlannedTopic<Reader, Reader, undefined> => ({
    name,
    plan: undefined,
    arrivalPlan: undefined,
  })
  const known = names.map(newTopic)
  const newcomer: Reader = { name: 'newcomer' }
  const [unrelated, concerned] = ['analysis/other', 'devices/']
  const afterChange = (prefix: string) => (each: number) => {
    subscriptions.subscribe(newcomer, [prefix])
    const during = plans.plan(known[each]!).local.length
    subscriptions.unsubscribe(newcomer, [prefix], 'internal')
    return during + plans.plan(known[each]!).local.length
  }
  const payload = `${SUBSCRIBERS} subscribers`
  return [
    subject('plans: known topic', payload, TOPICS, (each) => plans.plan(known[each]!).local.length),
    subject('plans: known topic, arrival', payload, TOPICS, (each) => plans.arrivalPlan(known[each]!).local.length),
    subject('plans: new topic', payload, TOPICS, (each) => plans.plan(newTopic(names[each]!)).local.length),
    subject('plans: two changes elsewhere, plan each', payload, TOPICS, afterChange(unrelated)),
    subject('plans: two changes that concern it, plan each', payload, TOPICS, afterChange(concerned)),
  ]
}
