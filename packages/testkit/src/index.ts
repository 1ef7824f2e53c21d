export { type EventuallyOptions, eventually } from './eventually.ts'
export { type Direction, FaultProxy, type FaultProxyTarget, type Faults } from './fault-proxy.ts'
export { type LeakCheck, leakCheck } from './leak-check.ts'
export { type End, type Output, type Program, Programs } from './programs.ts'
