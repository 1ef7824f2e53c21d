/** Where our SDK deliberately says other than the Python library. */
import type { ListedDifference } from './differences.ts'

/** The same JSON, written otherwise. */
const sameJson = (ours: string, recorded: string): boolean => {
  try {
    return JSON.stringify(JSON.parse(ours)) === JSON.stringify(JSON.parse(recorded))
  } catch {
    return false
  }
}

/** The same request for the bus that a Python router delivers from. */
const withBus = (ours: string, recorded: string): boolean =>
  sameJson(ours, recorded.replace(/"bus": (?:""|null|"pubsub")/, '"bus": "pubsub"'))

/** An error of the same kind; text and details are those of another language. */
const sameError = (ours: string, recorded: string): boolean => {
  const [mine, theirs] = [JSON.parse(ours), JSON.parse(recorded)]
  const has = (data: Record<string, unknown>) => 'detail' in data && 'exception.py' in data
  return (
    mine.id === theirs.id &&
    mine.error.code === theirs.error.code &&
    mine.error.message === theirs.error.message &&
    has(mine.error.data) &&
    has(theirs.error.data)
  )
}

export const SDK_DIFFERENCES: readonly ListedDifference[] = [
  {
    source: 'vip.md 3.1',
    why: 'JSON is written without blanks, which a Python router reads as well.',
    recordings: [
      '03-connect',
      '08-rpc-platform',
      '09-rpc-peer',
      '10-rpc-errors',
      '13-pubsub-publish',
      '22-raw-rpc-batch',
    ],
    kind: 'changed',
    message: / (?:RPC|pubsub) /,
    frame: /^argument [012]$/,
    ours: sameJson,
  },
  {
    source: 'vip.md 4.1',
    why: 'Hello carries one argument more, by which platforms of ours know an agent that speaks the batched form.',
    recordings: ['03-connect'],
    kind: 'changed',
    message: / hello hello$/,
    frame: /^argument 1$/,
    recorded: /^\(absent\)$/,
    ours: /^\{"volttron-ts"/,
  },
  {
    source: 'vip.md 4.1',
    why: 'It is said once, as the connection is known to stand.',
    recordings: ['03-connect'],
    kind: 'missing',
    message: / hello hello$/,
  },
  {
    source: 'vip.md 4.5',
    why: 'A router that does not introduce itself is asked for its name.',
    recordings: ['03-connect'],
    kind: 'extra',
    message: / query instance-name$/,
  },
  {
    source: 'C-4',
    why: 'A ping goes to the peer that is meant, and to the router when none is.',
    recordings: ['04-ping'],
    kind: 'changed',
    message: / ping drop$/,
    frame: /^(?:peer|argument [01])$/,
    ours: /^(?:golden\.b|ping|\(absent\))$/,
  },
  {
    source: 'vip.md 4.3',
    why: 'The recorded driver wrote these frames itself; the SDK has no way to ask for what does not exist.',
    recordings: ['06-peerlist'],
    kind: 'missing',
    message: / peerlist (?:bogus)? ?$/,
  },
  {
    source: 'vip.md 0, fact 9',
    why: 'The platform checks rights itself, so neither the list of peers nor platform.auth is asked before each publish and subscription.',
    recordings: ['12-pubsub-subscribe', '13-pubsub-publish', '16-two-subscribers'],
    kind: 'missing',
    message: / (?:peerlist list $|from platform\.auth RPC check_pubsub_authorization$)/,
  },
  {
    source: 'vip.md 5.6',
    why: 'A Python router delivers from the bus named pubsub only, so that is named.',
    recordings: ['12-pubsub-subscribe', '14-pubsub-list', '16-two-subscribers'],
    kind: 'changed',
    message: / pubsub (?:subscribe|list)$/,
    frame: /^argument 1$/,
    ours: withBus,
  },
  {
    source: 'vip.md 3.3',
    why: 'NaN and the infinities are no JSON: they become null.',
    recordings: ['13-pubsub-publish'],
    kind: 'changed',
    message: / pubsub publish$/,
    frame: /^argument 2$/,
    recorded: /"message": (?:NaN|Infinity)\}$/,
    ours: /"message": null\}$/,
  },
  {
    source: 'vip.md 4.7',
    why: 'Which of its methods are protected an agent asks before it first answers a call, instead of before it first makes one: one that only calls need not know.',
    recordings: ['09-rpc-peer', '10-rpc-errors', '22-raw-rpc-batch'],
    kind: 'extra',
    message: / from platform\.auth RPC get_protected_rpcs$/,
  },
  {
    source: 'vip.md 4.7',
    why: 'A JavaScript function that declares no parameters gets those with names as one object, last.',
    recordings: ['09-rpc-peer'],
    kind: 'changed',
    message: /^golden\.b from golden\.a RPC answer$/,
    recorded: /"kwargs": \{"k": null\}/,
    ours: /"args":\[1,"x",\{"k":null\}\]/,
  },
  {
    source: 'vip.md 4.7',
    why: 'A function does not know the file it stands in.',
    recordings: ['09-rpc-peer'],
    kind: 'changed',
    message: /^golden\.b from golden\.a RPC answer$/,
    recorded: /, "source": \{"file": "drv1\.py", "line_number": 9\}/,
    ours: (ours, recorded) => sameJson(ours, recorded.replace(/, "source": \{[^}]*\}/, '')),
  },
  {
    source: 'vip.md 4.7',
    why: 'Every agent of the SDK has config.update, with or without a store; the recorded one was made without.',
    recordings: ['10-rpc-errors'],
    kind: 'changed',
    message: /^golden\.a from platform\.config_store RPC answer$/,
    recorded: /method 'config\.update' is not implemented/,
    ours: /"result":null/,
  },
  {
    source: 'vip.md 4.7',
    why: 'Arguments that do not fit are told apart from a method that fails, by the number JSON-RPC has for them.',
    recordings: ['10-rpc-errors'],
    kind: 'changed',
    message: /^golden\.b from golden\.a RPC answer$/,
    recorded: /missing 1 required positional argument/,
    ours: /"code":-32602/,
  },
  {
    source: 'vip.md 4.7',
    why: 'An error of JavaScript has another type, and no traceback.',
    recordings: ['10-rpc-errors'],
    kind: 'changed',
    message: /^golden\.b from golden\.a RPC answer$/,
    recorded: /kaboom/,
    ours: sameError,
  },
  {
    source: 'vip.md 4.7',
    why: 'What is not JSON is called so, by the number for that; a Python agent takes it for text.',
    recordings: ['22-raw-rpc-batch'],
    kind: 'changed',
    message: /^golden\.b from golden\.a RPC answer$/,
    recorded: /got a 'str' instead/,
    ours: /"code":-32700/,
  },
]
