/** What the router counts. Exact, and never reset while the platform runs. */
export interface RouterCounters {
  /** Records and messages taken from local peers. */
  published: number
  /** Records that came from other platforms. */
  arrived: number
  /** Copies handed to local subscribers. */
  delivered: number
  /** Copies handed to sessions. */
  forwarded: number
  /** Copies refused because the subscriber's queue was full. */
  droppedSlowSubscriber: number
  /** Copies refused because the session's queue was full. */
  droppedSlowSession: number
  /** Publishes refused for lack of rights. */
  deniedPublish: number
  /** Publishes refused because they are malformed. */
  malformedPublish: number
  /** Requests to the router that are ignored or refused because they are malformed. */
  malformedRequest: number
  /** Messages to the router for subsystems that it does not have. */
  unknownSubsystem: number
  /** Messages to other peers that are not passed on: they are no business between peers, or would harm the recipient. */
  refusedForward: number
  /** Requests at which the router itself has failed: a defect of ours, never the end of the platform. */
  failedRequest: number
  /** Messages from other platforms on topics that are protected here. */
  deniedArrival: number
  /** Calls from other platforms that no rule allows, and what is no call or answer. */
  deniedRemoteCall: number
  /** Answers across platforms that nobody waits for any more. */
  lateRemoteAnswer: number
  /** Messages without a route. */
  unreachable: number
  /** Messages ignored because they are no VIP messages. */
  malformed: number
  /** Connections closed because they broke the batched form. */
  brokenBatches: number
  /** Newcomers refused because a live peer holds their identity. */
  duplicateIdentity: number
  /** Newcomers refused because the identity belongs to another key. */
  foreignIdentity: number
}

export const newRouterCounters = (): RouterCounters => ({
  published: 0,
  arrived: 0,
  delivered: 0,
  forwarded: 0,
  droppedSlowSubscriber: 0,
  droppedSlowSession: 0,
  deniedPublish: 0,
  malformedPublish: 0,
  malformedRequest: 0,
  unknownSubsystem: 0,
  refusedForward: 0,
  failedRequest: 0,
  deniedArrival: 0,
  deniedRemoteCall: 0,
  lateRemoteAnswer: 0,
  unreachable: 0,
  malformed: 0,
  brokenBatches: 0,
  duplicateIdentity: 0,
  foreignIdentity: 0,
})
