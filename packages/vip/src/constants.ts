/** Words and numbers of the VIP1 wire protocol. They are written here and nowhere else. */

/** Signature frame of every classic VIP message. */
export const VIP1 = 'VIP1'

/** Port on which a VOLTTRON platform listens unless told otherwise. */
export const DEFAULT_VIP_PORT = 22916

/** Names of the VIP subsystems a peer may address. */
export const Subsystem = {
  hello: 'hello',
  ping: 'ping',
  peerlist: 'peerlist',
  pubsub: 'pubsub',
  rpc: 'RPC',
  query: 'query',
  quit: 'quit',
  agentstop: 'agentstop',
  error: 'error',
  routingTable: 'routing_table',
  externalRpc: 'external_rpc',
  /** Ours: control messages of a session between two platforms. Never sent to a classic peer. */
  federation: 'federation',
} as const

/** Identities that belong to the platform itself; only its own keys may use them. */
export const ReservedIdentity = {
  /** The router: the empty recipient. */
  router: '',
  platform: 'platform',
  auth: 'platform.auth',
  control: 'platform.control',
  configStore: 'platform.config_store',
  health: 'platform.health',
  federation: 'platform.federation',
  /** The operator's command line, `vctl`. */
  controlConnection: 'control.connection',
} as const

/** Error numbers of a VIP error frame (decimal ASCII on the wire), with the text real routers send. */
export const VipErrno = {
  again: { code: 11, text: 'Resource temporarily unavailable' },
  /** The message is larger than the way to its recipient allows. */
  messageTooLong: { code: 90, text: 'Message too long' },
  protocolNotSupported: { code: 93, text: 'Protocol not supported' },
  /** Ours: the identity is in use by another live connection of the same key. */
  addressInUse: { code: 98, text: 'Identity already in use' },
  hostUnreachable: { code: 113, text: 'No route to host' },
  unauthorized: { code: -32001, text: 'Unauthorized' },
} as const
