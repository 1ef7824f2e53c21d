/**
 * What our router answers to the recorded agents of a Python platform, compared byte for byte with what that platform
 * answered. Differences are those of replay/router-differences.ts, no more and no less.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ReservedIdentity } from '@volttron/vip'
import { complaints } from './replay/differences.ts'
import { ADMISSION, NOT_AT_ROUTER } from './replay/not-played.ts'
import { readRecording, recordingNames } from './replay/recording.ts'
import { ROUTER_DIFFERENCES } from './replay/router-differences.ts'
import { isService, RouterReplay } from './replay/router-replay.ts'
import { ANY_PORT, type Site, Stage } from './support/stage.ts'

interface Session {
  readonly what: string
  /** Who was connected when the first recording began. */
  readonly present: readonly string[]
  /** In the order in which they were taken. */
  readonly recordings: readonly string[]
  /** Each was taken of a platform of its own. */
  readonly apart?: boolean
}

/** What one Python platform went through, or several that one of ours can stand for. */
const SESSIONS: readonly Session[] = [
  {
    what: 'agents of the Python library',
    present: [],
    recordings: [
      '01-control-connection',
      '02-auth-create-agent',
      '03-connect',
      '04-ping',
      '05-hello',
      '06-peerlist',
      '07-query',
      '08-rpc-platform',
      '09-rpc-peer',
      '10-rpc-errors',
      '11-subsystem-errors',
      '12-pubsub-subscribe',
      '13-pubsub-publish',
      '14-pubsub-list',
      '15-pubsub-unsubscribe',
      '16-two-subscribers',
      '17-internal-plus-all',
      '18-raw-pubsub',
      '19-peer-drop',
      '20-reconnect',
      '21-rpc-batch',
      '22-raw-rpc-batch',
    ],
  },
  {
    what: 'agents on a platform with a protected topic',
    present: ['control.connection'],
    recordings: ['27-decorated-subscription', '28-protected-topic', '29-heartbeat-health'],
  },
  {
    what: 'agents that write frames of their own',
    present: ['ts.sub', 'ts.pub'],
    recordings: [
      '40-raw-subscribe',
      '41-raw-publish-charsets',
      '42-raw-latin1-topic',
      '43-raw-unsubscribe',
      '44-raw-synchronize-bus',
      '45-raw-malformed',
    ],
  },
  { what: 'an agent that forges its name', present: ['control.connection'], recordings: ['46-protected-user-frame'] },
  {
    what: 'agents that end a Python platform by one message',
    present: [],
    recordings: [
      '50-kill-unknown-pubsub-op',
      '51-kill-numeric-topic',
      '52-kill-external-rpc',
      '53-kill-query-serverkey',
      '54-kill-query-platform-version',
      '55-kill-subscribe-string',
      '56-kill-numeric-peer',
      '57-kill-query-vc',
      '58-kill-quit-by-agent',
    ],
    apart: true,
  },
]

/** Agents in the recordings that are not made there. */
function namesIn(recordings: readonly string[]): Set<string> {
  const messages = recordings.flatMap((name) => readRecording(name).messages)
  const isMade = (identity: string) =>
    identity === ReservedIdentity.controlConnection ||
    messages.some(({ frames }) => frames.join().includes(`"create_agent", "params": {"identity": "${identity}"}`))
  const names = messages.flatMap(({ direction, identity }) => (direction === 'in' ? [identity] : []))
  return new Set(names.filter((identity) => !isService(identity) && !isMade(identity)))
}

describe.each(SESSIONS)('$what', ({ present, recordings, apart }) => {
  let stage: Stage
  let site: Site
  let replay: RouterReplay

  beforeAll(async () => {
    stage = new Stage()
    site = await stage.programs.startPlatform('platA', ANY_PORT)
    // Beforehand, because the command line that makes them is a peer that all would hear of.
    await stage.addKeys(site.home, ...namesIn(recordings))
    replay = new RouterReplay({
      home: site.home,
      listed: ROUTER_DIFFERENCES,
    })
    for (const identity of present) await replay.connect(identity)
    await replay.settle()
  })
  afterAll(async () => {
    replay.close()
    await stage.cleanUp()
  })

  it.each(recordings)('are answered as in %s', async (name) => {
    await replay.play(readRecording(name))
    if (apart) replay.close()
    const found = replay.differences.filter(({ recording }) => recording === name)
    expect(complaints([name], found, ROUTER_DIFFERENCES)).toEqual([])
    expect(site.end).toBeUndefined()
  })
})

it('every recording is played, or there is a reason', () => {
  const played = [...SESSIONS.flatMap(({ recordings }) => recordings), ...ADMISSION]
  expect([...played, ...NOT_AT_ROUTER.keys()].sort()).toEqual(recordingNames())
})
