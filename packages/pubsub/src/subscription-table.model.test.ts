/** The table against a naive model, under any sequence of operations. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { InterestDigest } from './interest-digest.ts'
import { type Scope, SubscriptionTable } from './subscription-table.ts'

const LIMIT = 8
const subscribers = [{ n: 0 }, { n: 1 }, { n: 2 }]
const subscriber = fc.constantFrom(...subscribers)
const prefix = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 })
const prefixes = fc.array(prefix, { maxLength: 5 })
const scope = fc.constantFrom<Scope>('internal', 'all')
const operation = fc.oneof(
  fc.record({ op: fc.constant('subscribe' as const), subscriber, prefixes, scope }),
  fc.record({ op: fc.constant('unsubscribe' as const), subscriber, prefixes: fc.option(prefixes), scope }),
  fc.record({ op: fc.constant('synchronize' as const), subscriber, internal: prefixes, all: prefixes }),
  fc.record({ op: fc.constant('drop' as const), subscriber }),
)

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never
type Model = Map<object, Record<Scope, Set<string>>>

const emptyModel = (): Model => new Map(subscribers.map((one) => [one, { internal: new Set(), all: new Set() }]))
const size = (held: Record<Scope, Set<string>>) => held.internal.size + held.all.size

/** Applies the operation to the model; `false` when the table must refuse it. */
function applyToModel(model: Model, step: Operation): boolean {
  const held = model.get(step.subscriber)!
  const next = { internal: new Set(held.internal), all: new Set(held.all) }
  if (step.op === 'subscribe') for (const prefix of step.prefixes) next[step.scope].add(prefix)
  if (step.op === 'unsubscribe') for (const prefix of step.prefixes ?? held[step.scope]) next[step.scope].delete(prefix)
  if (step.op === 'synchronize') Object.assign(next, { internal: new Set(step.internal), all: new Set(step.all) })
  if (step.op === 'drop') Object.assign(next, { internal: new Set(), all: new Set() })
  if (size(next) > LIMIT) return false
  model.set(step.subscriber, next)
  return true
}

function applyToTable(table: SubscriptionTable<object>, step: Operation): boolean {
  switch (step.op) {
    case 'subscribe':
      return table.subscribe(step.subscriber, step.prefixes, { allPlatforms: step.scope === 'all' }) === undefined
    case 'unsubscribe':
      table.unsubscribe(step.subscriber, step.prefixes ?? undefined, step.scope)
      return true
    case 'synchronize':
      return table.synchronize(step.subscriber, step) === undefined
    case 'drop':
      table.drop(step.subscriber)
      return true
  }
}

const flat = (model: Model) =>
  JSON.stringify([...model.values()].map((held) => [[...held.internal].sort(), [...held.all].sort()]))

const minimalOf = (model: Model): string[] => {
  const all = [...new Set([...model.values()].flatMap((held) => [...held.all]))]
  return all.filter((one) => !all.some((other) => other !== one && one.startsWith(other))).sort()
}

const matchesOf = (model: Model, topic: string, scopes: readonly Scope[]) =>
  [...model].filter(([, held]) => scopes.some((s) => [...held[s]].some((p) => topic.startsWith(p)))).map(([one]) => one)

describe('SubscriptionTable against its model', () => {
  it('matches, lists, versions and announces what the model says', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), prefix, (steps, topic) => {
        const table = new SubscriptionTable<object>({ maxPerSubscriber: LIMIT })
        const model = emptyModel()
        const followed = new Set<string>()
        table.interest.onChange(({ added, removed }) => {
          for (const prefix of removed) expect(followed.delete(prefix)).toBe(true)
          for (const prefix of added) {
            expect(followed.has(prefix)).toBe(false)
            followed.add(prefix)
          }
        })
        for (const step of steps) {
          const before = { model: flat(model), version: table.version }
          expect(applyToTable(table, step)).toBe(applyToModel(model, step))
          expect(table.version !== before.version).toBe(flat(model) !== before.model)
          expect(table.interest.prefixes()).toEqual(minimalOf(model))
          expect([...followed].sort()).toEqual(minimalOf(model))
        }
        expect(table.interest.digest).toBe(InterestDigest.of(minimalOf(model)).toString())
        const local = table.match(topic)
        const remote = table.matchRemote(topic)
        expect(new Set(local)).toEqual(new Set(matchesOf(model, topic, ['internal', 'all'])))
        expect(new Set(remote)).toEqual(new Set(matchesOf(model, topic, ['all'])))
        expect([local.length, remote.length]).toEqual([new Set(local).size, new Set(remote).size])
        expect(table.interest.matches(topic)).toBe(remote.length > 0)
        for (const one of subscribers) {
          const held = model.get(one)!
          expect(table.count(one)).toBe(size(held))
          const own = table.list(one, { subscribed: true }).map(([, prefix]) => prefix)
          expect(own).toEqual([...new Set([...held.internal, ...held.all])].sort())
        }
      }),
    )
  })

  it('ends the same whether prefixes come in one operation or one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ subscriber, prefixes, scope, add: fc.boolean() })), prefix, (steps, topic) => {
        const [batched, single] = [new SubscriptionTable<object>(), new SubscriptionTable<object>()]
        for (const { subscriber, prefixes, scope, add } of steps) {
          const options = { allPlatforms: scope === 'all' }
          if (add) batched.subscribe(subscriber, prefixes, options)
          else batched.unsubscribe(subscriber, prefixes, scope)
          for (const prefix of prefixes) {
            if (add) single.subscribe(subscriber, [prefix], options)
            else single.unsubscribe(subscriber, [prefix], scope)
          }
        }
        expect(batched.interest.prefixes()).toEqual(single.interest.prefixes())
        expect(batched.interest.digest).toBe(single.interest.digest)
        expect(new Set(batched.match(topic))).toEqual(new Set(single.match(topic)))
        for (const one of subscribers) expect(batched.list(one)).toEqual(single.list(one))
      }),
    )
  })
})
