/** Rules that hold on every platform, whatever authz.json says. */
import { ReservedIdentity } from '@volttron/vip'

/** The platform's own identities; their keys are made at the first start. */
export const OWN_IDENTITIES = [
  ReservedIdentity.platform,
  ReservedIdentity.auth,
  ReservedIdentity.control,
  ReservedIdentity.configStore,
  ReservedIdentity.health,
  ReservedIdentity.federation,
  ReservedIdentity.controlConnection,
] as const

/** The role every local agent has for itself: it may change its own configuration store. */
export const DEFAULT_ROLE = 'default_rpc_capabilities'

const COMMENT = 'Automatically added by init of auth service'
const agent = (protected_rpcs: readonly string[]) =>
  protected_rpcs.length === 0 ? { comments: COMMENT } : { protected_rpcs, comments: COMMENT }

/** What a new authz.json holds: what the Python platform writes at its first start (VIP specification, section 6.2). */
export const DEFAULT_AUTHZ = {
  protected_topics: [] as string[],
  roles: {
    [DEFAULT_ROLE]: {
      rpc_capabilities: [
        'platform.config_store.initialize_configs',
        'platform.config_store.set_config',
        'platform.config_store.delete_store',
        'platform.config_store.delete_config',
      ],
    },
    sync_agent_config: {
      rpc_capabilities: ['config.store.config_update', 'config.store.initial_update'],
    },
    admin: { rpc_capabilities: ['/.*/'], pubsub_capabilities: { '/.*/': 'pubsub' } },
  },
  agent_groups: {
    admin_users: { identities: [...OWN_IDENTITIES] as string[], agent_roles: ['admin'] },
  },
  agents: {
    [ReservedIdentity.configStore]: agent([
      'set_config',
      'delete_config',
      'delete_store',
      'initialize_configs',
      'config_update',
      'initial_config',
    ]),
    [ReservedIdentity.auth]: agent([
      'create_agent',
      'remove_agent',
      'create_or_merge_role',
      'create_or_merge_agent_group',
      'create_or_merge_agent_authz',
      'create_protected_topics',
      'remove_agents_from_group',
      'add_agents_to_group',
      'remove_protected_topics',
      'remove_agent_authorization',
      'remove_agent_group',
      'remove_role',
    ]),
    [ReservedIdentity.controlConnection]: agent([]),
    [ReservedIdentity.control]: agent([
      'clear_status',
      'start_agent',
      'stop_agent',
      'restart_agent',
      'shutdown',
      'stop_platform',
      'tag_agent',
      'remove_agent',
      'prioritize_agent',
      'install_agent',
      'install_library',
      'remove_library',
    ]),
    [ReservedIdentity.platform]: agent([]),
    [ReservedIdentity.health]: agent([]),
    [ReservedIdentity.federation]: agent([]),
  },
}
