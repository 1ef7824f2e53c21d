export { MethodNotFound, RemoteError, type RpcContext, RpcErrorCode, RpcFault } from '@volttron/rpc'
export { letHeapGrow } from '@volttron/transport'
export { describeError, VolttronError } from '@volttron/vip'
export { Agent } from './agent.ts'
export { type AgentEnvironment, agentEnvironment, readAgentConfig } from './agent-environment.ts'
export type { AgentEvents, AgentState } from './agent-events.ts'
export type { AgentOptions } from './agent-options.ts'
export type { ConfigChangeOptions, ConfigStore, ConfigSubscribeOptions } from './config-store/config-store.ts'
export type { ConfigCallback } from './config-store/config-subscriptions.ts'
export type { ConfigAction } from './config-store/stored-configs.ts'
export type { Health, HealthEvents } from './health/health.ts'
export type { Heartbeat } from './health/heartbeat.ts'
export type { HealthStatus, HealthValue } from './health/status.ts'
export type { Welcome } from './hello.ts'
export type { Peerlist, PeerlistEvents } from './peerlist.ts'
export type { Ping } from './ping.ts'
export type { AgentPorts, DialTarget } from './ports.ts'
export type {
  ListedSubscription,
  ListOptions,
  PublishOptions,
  PubSub,
  SubscribeOptions,
  UnsubscribeOptions,
} from './pubsub.ts'
export type { BatchedCall, CallOptions, ExportOptions, Rpc } from './rpc.ts'
export { type ProcessPort, type RunOptions, runAgent } from './run-agent.ts'
export type { Job, JobFunction, JobRun } from './schedule/job.ts'
export type { CronOptions, EveryOptions, JobOptions, Schedule } from './schedule/schedule.ts'
export type { MessageHeaders, PubSubCallback } from './subscriptions.ts'
export { formatTimestamp, HeaderName, timestampHeaders } from './timestamps.ts'
export type { Vip } from './vip.ts'
