/** How long one broker takes from its start to a first message, and what it takes at rest. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Connect } from '../clients/connection.ts'
import type { BrokerProcess } from './broker-process.ts'
import { memoryMb } from './process-figures.ts'
import type { Alone } from './system.ts'

const IDLE_MS = 3_000
const TOPIC = 'bench/first'

export interface OneAloneOptions {
  /** Starts it with everything in this folder. */
  readonly start: (folder: string) => Promise<BrokerProcess>
  readonly connect: Connect
  /** What a connection needs beside the port. */
  readonly settings?: Readonly<Record<string, string>>
}

/** The client waits in this process, as soon as the port takes connections it subscribes and publishes. */
export async function oneAlone({ start, connect, settings }: OneAloneOptions): Promise<Alone> {
  const folder = mkdtempSync(join(tmpdir(), 'vb-'))
  const startedAt = performance.now()
  let broker: BrokerProcess | undefined
  try {
    broker = await start(folder)
    const connection = await connect({ ...settings, port: String(broker.port) }, 0)
    const startMs = await new Promise<number>((resolve, reject) => {
      connection
        .subscribe(TOPIC, { json: false }, () => resolve(performance.now() - startedAt))
        .then(() => connection.publish(TOPIC, Buffer.from('first')))
        .catch(reject)
    })
    await connection.close()
    await pause(IDLE_MS)
    return { startSeconds: startMs / 1000, idleMb: memoryMb(broker.pids) }
  } finally {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
