/** Where our platform keeps out, or lets go, whom the recorded one does not. */
import type { ListedDifference } from './differences.ts'

export const ADMISSION_DIFFERENCES: readonly ListedDifference[] = [
  {
    source: 'G-2',
    why: 'Who comes with a key that nobody knows waits outside, so it is sent nothing at all, not even who else comes and goes.',
    recordings: [
      '30-unknown-key',
      '31-spoofed-identity',
      '31b-spoof-admin-identity',
      '34-duplicate-identity',
      '35-hard-drop',
    ],
    kind: 'missing',
    message: /^evil\.agent /,
  },
  {
    source: 'G-1',
    why: 'A key has one name: who takes another one is not welcomed and reaches nobody.',
    recordings: ['31-spoofed-identity', 'z31-spoofed-identity'],
    kind: 'missing',
    message: /^someone\.else (?:hello welcome|from platform\.auth RPC answer)$/,
  },
  {
    source: 'G-1',
    why: 'It is told why, by the one error that ends a Python agent at once instead of leaving it to knock for ever.',
    recordings: ['31-spoofed-identity', 'z31-spoofed-identity'],
    kind: 'extra',
    message: /^someone\.else error -32001 the identity someone\.else belongs to another key/,
  },
  {
    source: 'G-1',
    why: 'It is cut off, and hears of nobody later on.',
    recordings: ['31b-spoof-admin-identity', '34-duplicate-identity', '35-hard-drop'],
    kind: 'missing',
    message: /^someone\.else peerlist /,
  },
  {
    source: 'G-1',
    why: 'The name of the operator opens nothing to a key that is not the operator’s.',
    recordings: ['31b-spoof-admin-identity'],
    kind: 'missing',
    message: /^control\.connection from platform\.auth RPC answer$/,
  },
  {
    source: 'G-1, vip.md 8.1',
    why: 'So the strangers are in no list of peers; the one who asks for it in this test and platform.federation are.',
    recordings: ['35-hard-drop'],
    kind: 'changed',
    message: /^observer peerlist listing /,
    frame: /^argument 1$/,
    ours: /^control\.connection\.e2e0 observer platform\.[a-z_ .]+$/,
  },
  {
    source: 'vip.md 4.4',
    why: 'An agent may say of nobody but itself that it stops.',
    recordings: ['35-hard-drop'],
    kind: 'missing',
    message: /^observer peerlist drop platform\.health$/,
  },
]
