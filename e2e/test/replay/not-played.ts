/** Recordings that are not played to our router, or not to our SDK, each with the reason. */

const FEDERATION = 'played by classic-federation.test.ts: what the platforms said to each other, on a link of its own'
const LOCAL_PART =
  'the local side of what the recording of the link holds: its frames are those of connecting, subscribing and publishing above'
const RAW = 'frames of a driver, not of the library: the SDK has no way to write them'
const NOTHING = 'nothing is sent in it'
const FEDERATED = [
  ...['1-setup', '2-subscribe-all', '3-publish', '4-publish-later', '5-unsubscribe-all', '6-kill-restart'].map(
    (step) => `26-fedA-${step}`,
  ),
  ...['1-setup', '2-subscribe-all', '3-publish', '4-publish-later', '5-unsubscribe-all'].map(
    (step) => `26-fedB-${step}`,
  ),
]
const LINKS = ['26-fedA-0-link', '26-fedB-0-link']

const because = (reason: string, ...names: readonly string[]): [string, string][] => names.map((name) => [name, reason])

/** Played by golden-admission.test.ts. */
export const ADMISSION = [
  '30-unknown-key',
  '31-spoofed-identity',
  '31b-spoof-admin-identity',
  '32-null-mechanism',
  '33-wrong-serverkey',
  '34-duplicate-identity',
  '35-hard-drop',
  'z30-unknown-key',
  'z31-spoofed-identity',
  'z31b-spoof-admin-identity',
  'z32-null-mechanism',
  'z33-wrong-serverkey',
  'z34-duplicate-identity',
  'z35-hard-drop',
]

export const NOT_AT_ROUTER: ReadonlyMap<string, string> = new Map([
  ...because('only services of the platform itself speak, which here have no socket', '00-platform-start'),
  ...because(FEDERATION, ...LINKS),
  ...because(LOCAL_PART, ...FEDERATED),
])

export const NOT_AT_SDK: ReadonlyMap<string, string> = new Map([
  ...because('the services of a platform are no agents of the SDK', '00-platform-start'),
  ...because(
    'the operator connects as any agent does, and calls as any agent does',
    '01-control-connection',
    '02-auth-create-agent',
  ),
  ...because('frames of a driver, but for one ping', '11-subsystem-errors'),
  ...because(
    'the library fails before it sends: its unsubscribe and batch are broken',
    '15-pubsub-unsubscribe',
    '21-rpc-batch',
  ),
  ...because(
    'who subscribes and publishes says what it says in 12, 13 and 16',
    '17-internal-plus-all',
    '27-decorated-subscription',
  ),
  ...because('of the SDK only the farewell is in it, which the SDK says of itself too', '19-peer-drop'),
  ...because('one ping, as in 04', '20-reconnect'),
  ...because('who is refused says what it says when it is not', '28-protected-topic', '29-heartbeat-health'),
  ...because(RAW, '18-raw-pubsub', '40-raw-subscribe', '41-raw-publish-charsets', '42-raw-latin1-topic'),
  ...because(RAW, '43-raw-unsubscribe', '44-raw-synchronize-bus', '45-raw-malformed', '46-protected-user-frame'),
  ...because(RAW, ...ADMISSION.filter((name) => !/^(?:3[23]|z)/.test(name)), 'z31-spoofed-identity'),
  ...because(NOTHING, ...ADMISSION.filter((name) => /^(?:3[23]|z)/.test(name) && name !== 'z31-spoofed-identity')),
  ...because(
    RAW,
    '50-kill-unknown-pubsub-op',
    '51-kill-numeric-topic',
    '52-kill-external-rpc',
    '53-kill-query-serverkey',
  ),
  ...because(
    RAW,
    '54-kill-query-platform-version',
    '55-kill-subscribe-string',
    '56-kill-numeric-peer',
    '57-kill-query-vc',
  ),
  ...because(RAW, '58-kill-quit-by-agent'),
  ...because('platforms, not agents', ...LINKS),
  ...because(LOCAL_PART, ...FEDERATED),
])
