/** Who publishes, as the router keeps it from one record to the next. */
import type { RouteName } from './names.ts'
import type { Pace } from './pace.ts'

/** The routes under which a peer's messages travel here and abroad. */
export interface Publisher {
  readonly principal: string
  readonly localRoute: RouteName
  readonly federatedRoute: RouteName
  readonly pace: Pace
}

/** Why a publish was refused, in place of a count: numbers, because an object per record would be garbage. */
export const PublishRefusal = { denied: -1, malformed: -2 } as const
