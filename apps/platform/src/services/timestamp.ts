/** A time as VOLTTRON writes it: ISO 8601 with microseconds and offset, in UTC. */
export const isoTimestamp = (unixMs: number): string => `${new Date(unixMs).toISOString().slice(0, -1)}000+00:00`
