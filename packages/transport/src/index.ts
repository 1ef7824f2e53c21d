export {
  Channel,
  type ChannelCounters,
  type ChannelHandlers,
  type ChannelOptions,
  MAX_TOPIC_LENGTH,
} from './channel.ts'
export { type Greeting, greet, helloMessage, readWelcome } from './channel-greeting.ts'
export type { Admission, Connection, ConnectionCounters, ConnectionHandlers } from './connection.ts'
export { INITIAL_CREDIT } from './credit-window.ts'
export { type Name, NameTable } from './name-table.ts'
export { type Flushable, Turn } from './turn.ts'
