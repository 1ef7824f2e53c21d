export {
  type Backpressure,
  Channel,
  type ChannelCounters,
  type ChannelHandlers,
  type ChannelOptions,
  MAX_TOPIC_LENGTH,
} from './channel.ts'
export { type Greeting, greet, helloMessage, readWelcome } from './channel-greeting.ts'
export type { Admission, Connection, ConnectionCounters, ConnectionHandlers } from './connection.ts'
export { INITIAL_CREDIT } from './credit-window.ts'
export { type DialOptions, dial } from './dial.ts'
export { FrontDoor, networkOf } from './front-door.ts'
export type { FrontDoorLimits } from './front-door-limits.ts'
export type { Admit, FrontDoorCounters, FrontDoorOptions, TransportLog } from './front-door-ports.ts'
export { letHeapGrow } from './heap.ts'
export { generateKeyPair } from './key-pair.ts'
export { hasAbstractSockets } from './local-path.ts'
export { MemoryConnection, type MemoryPairOptions, memoryPair, type Scheduler } from './memory-connection.ts'
export {
  type MemoryDialOptions,
  type MemoryListener,
  type MemoryListenOptions,
  MemoryNetwork,
  type MemoryNetworkOptions,
} from './memory-network.ts'
export { type Name, NameTable } from './name-table.ts'
export type { Resolve } from './resolve.ts'
export { eachRecord, type SharedBlock, type SharedMark, SharedRecords } from './shared-records.ts'
export { type Flushable, Turn } from './turn.ts'
