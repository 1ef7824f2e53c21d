/**
 * Where our router deliberately does other than the recorded one. `source` is a gap of Python VOLTTRON that is not copied, or the
 * section of the VIP specification that says so.
 */
import type { ListedDifference } from './differences.ts'
import { asPythonForwards } from './recording.ts'

const bytesOf = (shown: string): Buffer =>
  shown.startsWith('hex:') ? Buffer.from(shown.slice('hex:'.length), 'hex') : Buffer.from(shown, 'latin1')

/** A value that a Python router writes as a C struct, as JSON text. */
const asJson = (ours: string, recorded: string): boolean => {
  const bytes = bytesOf(recorded)
  if (bytes.length === 1) return ours === String(bytes[0] === 1)
  return bytes.length === 4 && ours === String(bytes.readUInt32LE())
}

/** What the author has written, where a Python router forwards what it has read. */
const asWritten = (ours: string, recorded: string): boolean => asPythonForwards(bytesOf(ours)).equals(bytesOf(recorded))

/** The same JSON, written otherwise. */
const sameJson = (ours: string, recorded: string): boolean =>
  JSON.stringify(JSON.parse(ours)) === JSON.stringify(JSON.parse(recorded))

/** The same delivery; of a number only the value counts, and Python's Infinity may be a number out of range. */
const sameBody = (ours: string, recorded: string): boolean => {
  const value = (text: string) => JSON.stringify(JSON.parse(text.replaceAll('Infinity', '1e999')))
  return value(ours) === value(recorded)
}

/** The same rows of a list of subscriptions, those of `gone` left out: on the one bus, in the order of the alphabet. */
const sameRows =
  (...gone: readonly string[]) =>
  (ours: string, recorded: string): boolean => {
    const rows = (JSON.parse(recorded) as [string, string, boolean][])
      .filter(([, prefix]) => !gone.includes(prefix))
      .map(([, prefix, isMember]) => ['', prefix, isMember])
    return ours === JSON.stringify(rows.sort(([, one], [, other]) => (one! < other! ? -1 : 1)))
  }

/** The same peers, and platform.federation. */
const withFederation = (ours: string, recorded: string): boolean =>
  ours === [...recorded.split(' '), 'platform.federation'].sort().join(' ')

/** The same methods or peers, and possibly more. */
const hasAll =
  (...but: readonly string[]) =>
  (ours: string, recorded: string): boolean => {
    const names = (text: string): string[] => {
      const { result } = JSON.parse(text)
      return Array.isArray(result) ? result : result.methods
    }
    return names(recorded).every((name) => but.includes(name) || names(ours).includes(name))
  }

/** Methods that the Python library gives to each agent, services included. */
const OF_EVERY_AGENT = [
  'agent.version',
  'rpc.add_protected_rpcs',
  'auth.update',
  ...['set_status', 'get_status', 'get_status_json', 'send_alert'].map((name) => `health.${name}`),
  ...['start', 'start_with_period', 'stop', 'restart', 'set_period'].map((name) => `heartbeat.${name}`),
  ...['update', 'initial_update'].map((name) => `config.${name}`),
]

export const ROUTER_DIFFERENCES: readonly ListedDifference[] = [
  {
    source: 'vip.md 3.3',
    why: 'Results are JSON text, which a Python agent reads as a number or a boolean; out of the recorded bytes it makes text.',
    recordings: [
      '12-pubsub-subscribe',
      '13-pubsub-publish',
      '15-pubsub-unsubscribe',
      '16-two-subscribers',
      '17-internal-plus-all',
      '18-raw-pubsub',
      '19-peer-drop',
      '27-decorated-subscription',
      '28-protected-topic',
      '40-raw-subscribe',
      '41-raw-publish-charsets',
      '42-raw-latin1-topic',
      '43-raw-unsubscribe',
      '44-raw-synchronize-bus',
      '45-raw-malformed',
      '46-protected-user-frame',
    ],
    kind: 'changed',
    message: / pubsub request_response$/,
    frame: /^argument 1$/,
    ours: asJson,
  },
  {
    source: 'vip.md 3.3',
    why: 'A number is JSON text here as well.',
    recordings: ['07-query'],
    kind: 'changed',
    message: / query $/,
    recorded: /^hex:58020000$/,
    ours: asJson,
  },
  {
    source: 'vip.md 3.4',
    why: 'Message ids are forwarded as they were written: the recorded ones come back as bytes that their author cannot match (C-1).',
    recordings: [
      '02-auth-create-agent',
      '08-rpc-platform',
      '09-rpc-peer',
      '10-rpc-errors',
      '12-pubsub-subscribe',
      '13-pubsub-publish',
      '15-pubsub-unsubscribe',
      '16-two-subscribers',
      '17-internal-plus-all',
      '19-peer-drop',
      '22-raw-rpc-batch',
      '27-decorated-subscription',
      '28-protected-topic',
      '29-heartbeat-health',
    ],
    kind: 'changed',
    message: / RPC /,
    frame: /^id$/,
    ours: asWritten,
  },
  {
    source: 'C-1',
    why: 'The id of a call that fails comes as a JSON string: out of that a Python agent reads the text under which it has kept the call.',
    recordings: ['10-rpc-errors'],
    kind: 'changed',
    message: / error /,
    frame: /^id$/,
    ours: (ours, recorded) => asWritten(JSON.parse(ours), recorded),
  },
  {
    source: 'vip.md 4.11',
    why: 'The health of the services themselves is known from the start.',
    recordings: ['08-rpc-platform'],
    kind: 'changed',
    message: / from platform\.health RPC answer$/,
    recorded: /"result": \{\}/,
    ours: /"platform\.health":\{"peer":"platform\.health","service_agent":true/,
  },
  {
    source: 'vip.md 3.4',
    why: 'Arguments are forwarded byte for byte, with or without blanks.',
    recordings: ['22-raw-rpc-batch'],
    kind: 'changed',
    message: / from golden\.[ab] RPC /,
    frame: /^argument [01]$/,
    ours: sameJson,
  },
  {
    source: 'vip.md 3.3',
    why: 'Our own services write JSON without blanks.',
    recordings: [
      '02-auth-create-agent',
      '08-rpc-platform',
      '10-rpc-errors',
      '12-pubsub-subscribe',
      '13-pubsub-publish',
      '15-pubsub-unsubscribe',
      '16-two-subscribers',
      '17-internal-plus-all',
      '19-peer-drop',
      '27-decorated-subscription',
      '28-protected-topic',
      '29-heartbeat-health',
      '46-protected-user-frame',
    ],
    kind: 'changed',
    message: / from platform\.[a-z_]+ RPC /,
    frame: /^argument 0$/,
    ours: sameJson,
  },
  {
    source: 'vip.md 8.1',
    why: 'Federation has a name on the bus, platform.federation, which the recorded platform was run without.',
    recordings: [
      '06-peerlist',
      '12-pubsub-subscribe',
      '13-pubsub-publish',
      '15-pubsub-unsubscribe',
      '16-two-subscribers',
      '17-internal-plus-all',
      '19-peer-drop',
      '27-decorated-subscription',
      '28-protected-topic',
    ],
    kind: 'changed',
    message: / peerlist listing /,
    frame: /^argument 1$/,
    ours: withFederation,
  },
  {
    source: 'vip.md 4.5',
    why: 'Addresses are those of the platform that runs.',
    recordings: ['07-query'],
    kind: 'changed',
    message: / query $/,
    frame: /^argument 1$/,
    recorded: /^(?:\["tcp:|ipc:)/,
    ours: /^(?:\["tcp:\/\/127\.0\.0\.1:\d+"\]|ipc:\/\/.+\/run\/vip\.socket)$/,
  },
  {
    source: 'vip.md 5.6',
    why: 'There is one bus, listed as "" in the order of the alphabet.',
    recordings: ['14-pubsub-list', '15-pubsub-unsubscribe', '43-raw-unsubscribe'],
    kind: 'changed',
    message: / pubsub list_response$/,
    frame: /^argument 1$/,
    ours: sameRows(),
  },
  {
    source: 'vip.md 5.6',
    why: 'So whoever asks for another bus is shown that one, where a Python router has nothing.',
    recordings: ['14-pubsub-list', '15-pubsub-unsubscribe'],
    kind: 'changed',
    message: /^golden\.b pubsub list_response$/,
    recorded: /^\[\]$/,
    ours: /^\[\["","devices\/",true\](?:,\["","golden\/",true\])?\]$/,
  },
  {
    source: 'vip.md 5.6',
    why: 'And what is unsubscribed is gone, whatever bus it was said for.',
    recordings: ['43-raw-unsubscribe'],
    kind: 'changed',
    message: /^ts\.sub pubsub list_response$/,
    recorded: /l1/,
    ours: sameRows('l1/'),
  },
  {
    source: 'vip.md 4.6',
    why: 'What is left out of a list request has its default, where a Python router lists nothing.',
    recordings: ['18-raw-pubsub'],
    kind: 'changed',
    message: /^golden\.a pubsub list_response$/,
    recorded: /^\[\]$/,
    ours: /^\[(?:\["","(?:devices\/|heartbeat|shadow\/|two\/x)",false\],|\["","two\/",true\],){4}\["","two\/x",false\]\]$/,
  },
  {
    source: 'F-7',
    why: 'A prefix may have subscribers of either kind; the recorded router forgets those of all platforms.',
    recordings: ['17-internal-plus-all'],
    kind: 'extra',
    message: /^golden\.b pubsub publish$/,
    ours: /shadow\/2/,
  },
  {
    source: 'F-7',
    why: 'So they are counted too.',
    recordings: ['17-internal-plus-all'],
    kind: 'changed',
    message: /^golden\.a pubsub request_response$/,
    recorded: /^hex:01000000$/,
    ours: /^2$/,
  },
  {
    source: 'vip.md 4.4',
    why: 'An agent that says it stops is gone, so nothing is forwarded to its socket any more.',
    recordings: ['19-peer-drop'],
    kind: 'missing',
    message: /^golden\.c from golden\.a RPC add$/,
  },
  {
    source: 'vip.md 2.3',
    why: 'And whoever calls it is told at once.',
    recordings: ['19-peer-drop'],
    kind: 'extra',
    message: /^golden\.a error 113 /,
    ours: /golden\.c \| RPC$/,
  },
  {
    source: 'vip.md 6.4',
    why: 'Our services have every method of the recorded ones in another order, and some more; they are no agents, so what every Python agent offers is not among them.',
    recordings: ['08-rpc-platform'],
    kind: 'changed',
    message: / from platform\.[a-z_]+ RPC answer$/,
    recorded: /"result": (?:\{"methods"|\["initialize)/,
    ours: hasAll(...OF_EVERY_AGENT),
  },
  {
    source: 'vip.md 7.2',
    why: 'A list of peers has no order.',
    recordings: ['08-rpc-platform'],
    kind: 'changed',
    message: / from platform\.control RPC answer$/,
    recorded: /"result": \["platform\.control"/,
    ours: hasAll(),
  },
  {
    source: 'vip.md 4.7',
    why: 'Of the failure that the recorded agent.version is, only the name is left: our services have no version of their own.',
    recordings: ['08-rpc-platform'],
    kind: 'changed',
    message: / from platform\.control RPC answer$/,
    recorded: /has no attribute '_version'/,
    ours: /"code":-32601/,
  },
  {
    source: 'vip.md 4.7',
    why: 'A denied call is answered by the number for that, -32001, which is harmless within JSON-RPC; the recorded service lets its own exception out.',
    recordings: ['10-rpc-errors'],
    kind: 'changed',
    message: / from platform\.(?:auth|config_store) RPC answer$/,
    recorded: /AuthException/,
    ours: /"code":-32001,"message":"unauthorized"/,
  },
  {
    source: 'vip.md 6.3',
    why: 'What an agent may do holds its topics even when there are none, and no comment.',
    recordings: ['08-rpc-platform'],
    kind: 'changed',
    message: / from platform\.auth RPC answer$/,
    recorded: /"comments": "default authorization for new user"/,
    ours: /"pubsub_capabilities":\{\}/,
  },
  {
    source: 'vip.md 0, fact 10',
    why: 'Error -32001 ends a Python agent, so a classic peer gets the plain answer only: nobody reached, or false.',
    recordings: ['28-protected-topic', '46-protected-user-frame'],
    kind: 'missing',
    message: / error -32001 Peer: /,
  },
  {
    source: 'R-3',
    why: 'Who publishes is known from the key, not from what the user frame claims.',
    recordings: ['41-raw-publish-charsets', '42-raw-latin1-topic', '44-raw-synchronize-bus'],
    kind: 'changed',
    message: /^ts\.sub pubsub publish$/,
    frame: /^user$/,
    recorded: /^$/,
    ours: /^ts\.pub$/,
  },
  {
    source: 'R-3',
    why: 'So the forged user frame opens no protected topic.',
    recordings: ['46-protected-user-frame'],
    kind: 'missing',
    message: /^nobody\.special pubsub publish$/,
    recorded: /\| platform\.control \| pp9 \|/,
  },
  {
    source: 'R-3',
    why: 'And nobody is counted.',
    recordings: ['46-protected-user-frame'],
    kind: 'changed',
    message: /^nobody\.special pubsub request_response$/,
    recorded: /^hex:01000000$/,
    ours: /^0$/,
  },
  {
    source: 'vip.md 3.4',
    why: 'UTF-8 in JSON arrives as what it says, in ASCII escapes; the recorded router takes its bytes for Latin-1.',
    recordings: ['41-raw-publish-charsets'],
    kind: 'changed',
    message: /^ts\.sub pubsub publish$/,
    recorded: /gr\\u00c3\\u00bc/,
    ours: /gr\\u00fc\\u00dfe \\u2603/,
  },
  {
    source: 'vip.md 3.4',
    why: 'Message and headers are passed on as they were written: blanks, and the form of numbers.',
    recordings: ['41-raw-publish-charsets'],
    kind: 'changed',
    message: /^ts\.sub pubsub publish$/,
    frame: /^argument 2$/,
    ours: sameBody,
  },
  {
    source: 'vip.md 5.6',
    why: 'There is one bus, so a subscription that was synchronized counts, whatever bus it names.',
    recordings: ['44-raw-synchronize-bus'],
    kind: 'changed',
    message: /^ts\.pub pubsub request_response$/,
    recorded: /^hex:00000000$/,
    ours: /^1$/,
  },
  {
    source: 'vip.md 5.6',
    why: 'And its messages come.',
    recordings: ['44-raw-synchronize-bus'],
    kind: 'extra',
    message: /^ts\.sub pubsub publish$/,
    ours: /sync\/1/,
  },
  {
    source: 'F-13',
    why: 'An agent is no platform: it cannot say what one wants.',
    recordings: ['45-raw-malformed'],
    kind: 'changed',
    message: /^ts\.pub pubsub request_response$/,
    recorded: /^hex:01$/,
    ours: /^false$/,
  },
  {
    source: 'F-13',
    why: 'So the platform it has made up gets no copy, and is not counted.',
    recordings: ['45-raw-malformed'],
    kind: 'changed',
    message: /^ts\.pub pubsub request_response$/,
    recorded: /^hex:01000000$/,
    ours: /^0$/,
  },
  {
    source: 'F-12',
    why: 'Nor can it publish as one, under a sender of its choice.',
    recordings: ['45-raw-malformed'],
    kind: 'missing',
    message: /^ts\.sub pubsub publish$/,
    recorded: /"sender": "forged"/,
  },
  {
    source: 'R-1',
    why: 'A topic that reads as JSON is answered like one that nobody hears.',
    recordings: ['51-kill-numeric-topic'],
    kind: 'extra',
    message: /^killer pubsub request_response$/,
    ours: /\| request_response \| 0$/,
  },
  {
    source: 'F-14',
    why: 'A call of another platform that names none is answered by error 93.',
    recordings: ['52-kill-external-rpc'],
    kind: 'extra',
    message: /^killer error 93 /,
  },
  {
    source: 'R-5',
    why: 'The server key is told, and it is the real one.',
    recordings: ['53-kill-query-serverkey'],
    kind: 'extra',
    message: /^killer query $/,
    ours: / \| [A-Za-z0-9_-]{43}$/,
  },
  {
    source: 'R-1',
    why: 'The version is told.',
    recordings: ['54-kill-query-platform-version'],
    kind: 'extra',
    message: /^killer query $/,
    ours: / \| \d+\.\d+\.\d+$/,
  },
  {
    source: 'R-1',
    why: 'What is no subscription is answered like one that is refused.',
    recordings: ['55-kill-subscribe-string'],
    kind: 'extra',
    message: /^killer pubsub request_response$/,
    ours: /\| false$/,
  },
  {
    source: 'vip.md 3.4',
    why: 'The recipient that is not there is named as it was written.',
    recordings: ['56-kill-numeric-peer'],
    kind: 'changed',
    message: /^killer error 113 /,
    frame: /^argument 2$/,
    ours: asWritten,
  },
  {
    source: 'R-1',
    why: 'A property without a value is empty.',
    recordings: ['57-kill-query-vc'],
    kind: 'extra',
    message: /^killer query $/,
    ours: / \| query \| {2}\| $/,
  },
]
