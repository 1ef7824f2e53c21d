/** Who wants a topic: the index of prefixes alone, and the subscription table on top of it, few prefixes and very many. */
import { SubscriptionTable } from '@volttron/pubsub'
import { PrefixIndex } from '@volttron/topics'
import { type Subject, scattered, subject } from './subject.ts'

const MATCHES = 1_000
const CHANGES = 200
/** Prefixes of one subscriber. */
const SHARE = 100

export const prefixSubjects = (): Subject[] => [100, 10_000, 100_000].flatMap((count) => withPrefixes(count))

/** `campus-1/building-2/device-3`: ten devices in a building, twenty buildings in a campus. */
const prefixOf = (index: number): string =>
  `campus-${Math.floor(index / 200)}/building-${Math.floor(index / 10) % 20}/device-${index % 10}`

function withPrefixes(count: number): Subject[] {
  const payload = `${count.toLocaleString('en-US')} prefixes`
  const index = new PrefixIndex<object>()
  const table = new SubscriptionTable<object>()
  let subscriber = {}
  for (let each = 0; each < count; each++) {
    if (each % SHARE === 0) subscriber = {}
    index.add(prefixOf(each), subscriber)
    table.subscribe(subscriber, [prefixOf(each)], { allPlatforms: each % 2 === 0 })
  }
  const at = scattered(MATCHES, count)
  const wanted = at.map((each) => `${prefixOf(each)}/temperature`)
  const unwanted = at.map((each) => `${prefixOf(each).slice(0, -1)}x/temperature`)
  const added = scattered(CHANGES, count).map((each) => `${prefixOf(each)}/point`)
  const newcomer = {}
  return [
    subject('prefixes: match one', payload, MATCHES, (each) => index.match(wanted[each]!).length),
    subject('prefixes: match none', payload, MATCHES, (each) => index.match(unwanted[each]!).length),
    subject('prefixes: add and remove', payload, CHANGES, (each) => {
      index.add(added[each]!, newcomer)
      return Number(index.remove(added[each]!, newcomer))
    }),
    subject('subscriptions: match one', payload, MATCHES, (each) => table.match(wanted[each]!).length),
    subject('subscriptions: match none', payload, MATCHES, (each) => table.match(unwanted[each]!).length),
    subject('subscriptions: subscribe and unsubscribe', payload, CHANGES, (each) => {
      table.subscribe(newcomer, [added[each]!], { allPlatforms: true })
      return Number(table.unsubscribe(newcomer, [added[each]!], 'all'))
    }),
  ]
}
