export type { RegistryOptions } from './options.ts'
export { type OperatorRemoval, type RunningRegistry, removePlatform, startRegistry } from './registry.ts'
