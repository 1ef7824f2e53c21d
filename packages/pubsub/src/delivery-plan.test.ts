import { describe, expect, it, jest } from '@jest/globals'
import { type PlannedTopic, Plans } from './delivery-plan.ts'
import { RemoteInterest } from './remote-interest.ts'
import { SubscriptionTable } from './subscription-table.ts'

const [ada, bob] = [{ name: 'ada' }, { name: 'bob' }]
type Topic = PlannedTopic<object, string, string>
const topicNamed = (name: string): Topic => ({ name, plan: undefined, arrivalPlan: undefined })

function setUp() {
  const table = new SubscriptionTable<object>()
  const remote = new RemoteInterest<string>()
  table.subscribe(ada, ['devices'])
  table.subscribe(bob, ['devices'], { allPlatforms: true })
  remote.replace('site-b', ['dev'])
  const arrange = jest.fn((local: readonly object[]) => JSON.stringify(local))
  return { table, remote, arrange, plans: new Plans(table, remote, arrange) }
}

describe('Plans', () => {
  it('sends a local publish to every subscriber and to the platforms that want it', () => {
    const { plans } = setUp()
    expect(plans.plan(topicNamed('devices/a'))).toMatchObject({ local: [ada, bob], remote: ['site-b'] })
    expect(plans.plan(topicNamed('other'))).toMatchObject({ local: [], remote: [] })
  })

  it('gives an arrival only to those who asked for all platforms, from a plan of its own', () => {
    const { plans } = setUp()
    const topic = topicNamed('devices/a')
    expect(plans.arrivalPlan(topic)).toMatchObject({ local: [bob], remote: ['site-b'] })
    expect(plans.plan(topic)).toMatchObject({ local: [ada, bob] })
    expect(plans.arrivalPlan(topic)).toMatchObject({ local: [bob] })
  })

  it('matches once and then not again until one of the tables changes', () => {
    const { table, remote, plans } = setUp()
    const match = jest.spyOn(table, 'match')
    const topic = topicNamed('devices/a')
    const first = plans.plan(topic)
    expect(plans.plan(topic)).toBe(first)
    expect(match).toHaveBeenCalledTimes(1)

    table.unsubscribe(ada, undefined, 'internal')
    expect(plans.plan(topic)).toMatchObject({ local: [bob], remote: ['site-b'] })
    remote.drop('site-b')
    expect(plans.plan(topic)).toMatchObject({ local: [bob], remote: [] })
    expect(match).toHaveBeenCalledTimes(3)
  })

  it('keeps the plan object when a change concerns other topics', () => {
    const { table, plans } = setUp()
    const topic = topicNamed('devices/a')
    const first = plans.plan(topic)
    table.subscribe(ada, ['elsewhere'])
    expect(plans.plan(topic)).toBe(first)
    expect(first.version).toBe(topic.plan?.version)
  })

  it('arranges the subscribers anew when they have changed, and only then', () => {
    const { table, remote, arrange, plans } = setUp()
    const topic = topicNamed('devices/a')
    expect(plans.plan(topic).audience).toBe(JSON.stringify([ada, bob]))
    remote.drop('site-b')
    table.subscribe(ada, ['elsewhere'])
    expect(plans.plan(topic)).toMatchObject({ local: [ada, bob], audience: JSON.stringify([ada, bob]), remote: [] })
    expect(arrange).toHaveBeenCalledTimes(1)
    table.drop(ada)
    expect(plans.plan(topic).audience).toBe(JSON.stringify([bob]))
  })
})
