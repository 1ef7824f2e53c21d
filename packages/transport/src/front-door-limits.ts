/** What the front door spends at most, before and after it knows who knocks. */
import { descriptorLimit } from './descriptor-limit.ts'

/**
 * At the side door: accepted socket, listener of the inner path and our end of it, the eventfd of the zeromq socket, and
 * those of the two that watch it. Elsewhere five: both ends of the inner path, and nobody watches.
 */
export const DESCRIPTORS_PER_CONNECTION = 6
/** A guest who waits for a seat in the lobby is an accepted socket, and nothing else yet. */
const WAITING_SHARE = 0.2
const WAITING_MOST = 1_024
/** Kept for files, agents, links and the database. */
const DESCRIPTORS_RESERVED = 100
const DESCRIPTOR_SHARE = 0.8

export interface FrontDoorLimits {
  /** Connections at once, admitted or not. Default: what fits 80 % of the descriptor limit. */
  readonly connections: number
  /** Connections at once that have proven the same key; default 64. */
  readonly connectionsPerKey: number
  /** Connections that have not authenticated; default 256, but at most a quarter of all. */
  readonly unauthenticated: number
  /** The same from one address, or from one IPv6 network; default 32. */
  readonly unauthenticatedPerAddress: number
  /** Accepted sockets that wait for a place among the unauthenticated, unread. Default 1,024, but at most a fifth of the descriptors. */
  readonly waiting: number
  /** CURVE handshakes at once; more wait their turn. Default 64. */
  readonly handshakes: number
  /** Connections whose key waits for approval; the oldest makes room. Default 256, but at most a quarter of all. */
  readonly awaitingApproval: number
  /** From the seat among the unauthenticated to the proof of a key, and the longest wait for that seat; default 5,000. */
  readonly authenticateMs: number
  /** How long an answer about a key may be held; then the key waits for approval. Default 3,000. */
  readonly admissionMs: number
  /** From the proof of a key to the first message; default 60,000. */
  readonly firstMessageMs: number
  /** Largest frame a peer may send; default 16 MiB. A message has at most four times that in all. */
  readonly messageBytes: number
  /** Distance of ZMTP heartbeats; default 5,000. */
  readonly heartbeatIntervalMs: number
  /** Silence after which a peer is given up: at least four times the worst event-loop stall. Default 20,000. */
  readonly heartbeatTimeoutMs: number
}

export function frontDoorLimits(given: Partial<FrontDoorLimits> = {}): FrontDoorLimits {
  const descriptors = Math.floor(descriptorLimit() * DESCRIPTOR_SHARE) - DESCRIPTORS_RESERVED
  const waiting = given.waiting ?? Math.max(0, Math.min(WAITING_MOST, Math.floor(descriptors * WAITING_SHARE)))
  const connections = given.connections ?? Math.max(8, Math.floor((descriptors - waiting) / DESCRIPTORS_PER_CONNECTION))
  // However few connections the machine affords, strangers never take them all.
  const strangers = Math.max(32, Math.floor(connections / 4))
  return {
    connectionsPerKey: 64,
    unauthenticatedPerAddress: 32,
    handshakes: 64,
    authenticateMs: 5_000,
    admissionMs: 3_000,
    firstMessageMs: 60_000,
    messageBytes: 16 * 1024 * 1024,
    heartbeatIntervalMs: 5_000,
    heartbeatTimeoutMs: 20_000,
    ...given,
    waiting,
    connections,
    unauthenticated: Math.min(given.unauthenticated ?? 256, strangers),
    awaitingApproval: Math.min(given.awaitingApproval ?? 256, strangers),
  }
}
