export { type Destination, decide } from './decide.ts'
export { PeerTable, type PeerTableListener } from './peer-table.ts'
