export { type DeliveryPlan, type LocalMatcher, type PlannedTopic, Plans, type RemoteMatcher } from './delivery-plan.ts'
export { InterestDigest } from './interest-digest.ts'
export type { Interest, InterestListener } from './local-interest.ts'
export type { Refusal } from './refusal.ts'
export { RemoteInterest, type RemoteInterestOptions } from './remote-interest.ts'
export {
  type ListOptions,
  type Scope,
  type SubscriptionRow,
  SubscriptionTable,
  type SubscriptionTableOptions,
} from './subscription-table.ts'
