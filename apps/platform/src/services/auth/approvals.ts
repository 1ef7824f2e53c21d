/** Unknown keys and what the operator decides about them: names and records of the monolithic VOLTTRON. */
import type { ServiceMethods } from '../service-methods.ts'
import { textArgument } from './arguments.ts'
import type { AuthServicePorts } from './ports.ts'

/** What VOLTTRON says, misspelt as it is. */
const UNKNOWN = 'UNKOWN'

export function exportApprovals(methods: ServiceMethods, { approvals }: AuthServicePorts): void {
  methods.export('get_pending_authorizations', () => approvals.pending, { params: [], returns: 'list' })
  methods.export('get_approved_authorizations', () => approvals.approved, { params: [], returns: 'list' })
  methods.export('get_denied_authorizations', () => approvals.denied, { params: [], returns: 'list' })
  methods.export(
    'get_authorization',
    (userId: string) => approvals.find(textArgument(userId, 'user_id'))?.credentials ?? '',
    { params: ['user_id'], returns: 'str', doc: 'The key of a request.' },
  )
  methods.export(
    'get_authorization_status',
    (userId: string) => approvals.find(textArgument(userId, 'user_id'))?.status ?? UNKNOWN,
    { params: ['user_id'], returns: 'str' },
  )
  methods.export(
    'approve_authorization',
    async (userId: string, identity: string | null) => {
      await approvals.approve(
        textArgument(userId, 'user_id'),
        identity === null ? null : textArgument(identity, 'identity'),
      )
      return true
    },
    {
      params: ['user_id', { name: 'identity', default: null }],
      returns: 'bool',
      doc: 'Lets a key in, as this identity; without one, as the one its holder connects with first.',
    },
  )
  methods.export(
    'deny_authorization',
    async (userId: string) => {
      await approvals.deny(textArgument(userId, 'user_id'))
      return true
    },
    { params: ['user_id'], returns: 'bool', doc: 'Keeps a key out for good, also one that was approved.' },
  )
  methods.export(
    'delete_authorization',
    async (userId: string) => {
      await approvals.forget(textArgument(userId, 'user_id'))
      return true
    },
    { params: ['user_id'], returns: 'bool', doc: 'Forgets a decision: the key is unknown again.' },
  )
}
